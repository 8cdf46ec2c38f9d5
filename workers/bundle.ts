import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { ROOT } from '../root.ts'

const WORKFLOWS = path.join(ROOT, 'workflows')

/** Compiles the workflows that `entry` exports as Temporal's sandbox runs them. */
export async function bundleWorkflows(entry = path.join(WORKFLOWS, 'index.ts')): Promise<string> {
  // Loaded when there is something to compile: it takes half a second of a core, and most starts find the bundle.
  const { bundleWorkflowCode } = await import('@temporalio/worker')
  const { code } = await bundleWorkflowCode({
    workflowsPath: entry,
    workflowInterceptorModules: [path.join(WORKFLOWS, 'saga', 'carry-headers.ts')],
    logger: { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} },
  })
  return code
}

/**
 * The bundle of today's code as a file in `folder`: compiled once, found again until a workflow changes. Every
 * worker that is started with it is spared seconds.
 */
export async function bundleFile(folder: string): Promise<string> {
  const file = path.join(folder, `workflows-${await fingerprint()}.js`)
  if (existsSync(file)) return file
  await mkdir(folder, { recursive: true })
  const scratch = `${file}.${process.pid}`
  await writeFile(scratch, await bundleWorkflows())
  await rename(scratch, file)
  return file
}

async function fingerprint(): Promise<string> {
  const hash = createHash('sha256')
  const lockfile = path.join(ROOT, 'package-lock.json')
  const sources = (await readdir(WORKFLOWS, { recursive: true }))
    .filter((name) => name.endsWith('.ts'))
    .sort()
  for (const file of [lockfile, ...sources.map((name) => path.join(WORKFLOWS, name))]) {
    hash.update(file).update(await readFile(file))
  }
  return hash.digest('hex').slice(0, 16)
}
