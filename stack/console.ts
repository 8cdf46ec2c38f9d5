import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { brotliCompress } from 'node:zlib'
import { childEnvironment } from '../config.ts'
import { ROOT } from '../root.ts'

const SOURCE = path.join(ROOT, 'console')
const VITE = path.join(ROOT, 'node_modules', 'vite', 'bin', 'vite.js')

/**
 * Builds the console, unless that was done since it last changed.
 * @param parent the folder that keeps it.
 * @returns the folder that the API serves.
 */
export async function buildConsole(parent: string): Promise<string> {
  const folder = path.join(parent, `console-${await fingerprint()}`)
  if (existsSync(folder)) return folder
  const scratch = `${folder}.${process.pid}`
  await build(scratch)
  await compress(scratch)
  // Another process may have been first.
  await rename(scratch, folder).catch(() => rm(scratch, { recursive: true, force: true }))
  return folder
}

/**
 * In a process of its own, since a build is for production whatever this process is for: React is three times as large
 * otherwise. Vite reads "#" in a path as the end of a file's name, so it is shown the checkout by another name.
 */
async function build(folder: string): Promise<void> {
  const link = path.join(await mkdtemp(path.join(os.tmpdir(), 'ordersaga-console-')), 'checkout')
  await symlink(ROOT, link, 'junction')
  const config = path.join(SOURCE, 'vite.config.ts')
  const options = ['--config', config, '--outDir', folder, '--emptyOutDir', '--logLevel', 'error']
  try {
    await promisify(execFile)(process.execPath, [VITE, 'build', path.join(link, 'console'), ...options], {
      cwd: ROOT,
      env: childEnvironment({ NODE_ENV: 'production' }),
    })
  } finally {
    await rm(path.dirname(link), { recursive: true })
  }
}

/** Beside each file of text its Brotli form, which browsers are given. */
async function compress(folder: string): Promise<void> {
  const names = await readdir(folder, { recursive: true })
  const texts = names.filter((name) => /\.(js|css|html|svg)$/.test(name))
  await Promise.all(
    texts.map(async (name) => {
      const file = path.join(folder, name)
      await writeFile(`${file}.br`, await promisify(brotliCompress)(await readFile(file)))
    }),
  )
}

async function fingerprint(): Promise<string> {
  const hash = createHash('sha256').update(await readFile(path.join(ROOT, 'package-lock.json')))
  const entries = await readdir(SOURCE, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'))
    .map((entry) => path.join(entry.parentPath, entry.name))
  for (const file of files.sort()) hash.update(path.relative(SOURCE, file)).update(await readFile(file))
  return hash.digest('hex').slice(0, 16)
}
