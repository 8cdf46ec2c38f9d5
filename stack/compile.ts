import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { build } from 'esbuild'
import { ROOT } from '../root.ts'
import { COMPILED } from './places.ts'

/** Where our processes begin. */
const ENTRIES: readonly string[] = [
  'api/server.ts',
  'sandbox/server.ts',
  'workers/choreography.ts',
  'workers/projector.ts',
  'workers/relay.ts',
  'workers/worker.ts',
]

/**
 * Compiles our processes to JavaScript: a process that is started, or started again after a kill, is up in two
 * thirds of the time that it takes where every file is compiled as it is loaded. What has not changed is found again.
 * @param entries where other processes begin, e.g. `bench/x.ts`.
 * @param place where their packages are found from, when that is not the checkout.
 * @returns the folder that holds e.g. `workers/worker.js`.
 */
export async function compileProcesses(entries = ENTRIES, place = COMPILED): Promise<string> {
  const virtual = path.join(place, 'processes')
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: [...entries],
    outbase: '.',
    outdir: virtual,
    bundle: true,
    splitting: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: true,
    write: false,
  })
  const hash = createHash('sha256')
  for (const { path: name, contents } of outputFiles) hash.update(name).update(contents)
  const folder = `${virtual}-${hash.digest('hex').slice(0, 16)}`
  if (!existsSync(folder)) {
    const scratch = `${folder}.${process.pid}`
    for (const { path: name, contents } of outputFiles) {
      const file = path.join(scratch, path.relative(virtual, name))
      await mkdir(path.dirname(file), { recursive: true })
      await writeFile(file, contents)
    }
    // Another process may have been first.
    await rename(scratch, folder).catch(() => rm(scratch, { recursive: true, force: true }))
  }
  return folder
}
