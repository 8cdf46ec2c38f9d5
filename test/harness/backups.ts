import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { backUp } from '../../prisma/backup/backup.ts'
import { tableFile, type Manifest } from '../../prisma/backup/manifest.ts'
import { restore } from '../../prisma/backup/restore.ts'
import { checksumOf } from '../../prisma/routines.ts'
import { ROOT } from '../../root.ts'
import { emptyDatabase, type TestDatabase } from './database.ts'
import { createTestDatabase } from './start.ts'

const going = () => new AbortController().signal

/** Folders and databases of one test. */
export async function createBackups() {
  // A path as people have them.
  const folder = await mkdtemp(path.join(os.tmpdir(), 'ordersaga backups '))
  const databases: TestDatabase[] = []
  return {
    folderOf: (name: string) => path.join(folder, name),
    /** @returns the folder of the backup. */
    async take({ migratorUrl }: { migratorUrl: string }, name: string): Promise<string> {
      const to = path.join(folder, name)
      await backUp(migratorUrl, to, { version: 'test', signal: going() })
      return to
    },
    async emptyDatabase(): Promise<TestDatabase> {
      const database = await createTestDatabase()
      databases.push(database)
      await emptyDatabase(database)
      return database
    },
    restore: (from: string, { migratorUrl, url }: TestDatabase) =>
      restore(migratorUrl, from, { applicationUrl: url, signal: going() }),
    async close() {
      for (const database of databases) await database.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export type Backups = Awaited<ReturnType<typeof createBackups>>

/** The rows of each table of a backup, in an order of their own. */
export async function rowsOf(folder: string): Promise<Record<string, string[]>> {
  const { tables } = await contentsOf(folder)
  const rows = await Promise.all(
    tables.map(async ({ name }) => {
      const text = gunzipSync(await readFile(tableFile(folder, name))).toString()
      return [name, text.split('\n').sort()]
    }),
  )
  return Object.fromEntries(rows) as Record<string, string[]>
}

const manifestOf = async (folder: string) =>
  JSON.parse(await readFile(path.join(folder, 'manifest.json'), 'utf8')) as {
    format: number
    contents: Manifest
  }

export const contentsOf = async (folder: string): Promise<Manifest> => (await manifestOf(folder)).contents

/** Writes another manifest, with the checksum that fits it. */
export async function forge(folder: string, changes: Partial<Manifest>, format?: number): Promise<void> {
  const manifest = await manifestOf(folder)
  const contents = { ...manifest.contents, ...changes }
  const forged = {
    format: format ?? manifest.format,
    sha256: checksumOf(JSON.stringify(contents)),
    contents,
  }
  await writeFile(path.join(folder, 'manifest.json'), JSON.stringify(forged))
}

/** A command in a process of its own, on a database; `prefix` is a shell's, e.g. `ulimit -f 1;`. */
export function runCommand(
  name: 'backup' | 'restore',
  folder: string,
  urls: { migratorUrl: string; url: string },
  { prefix = '', env = {} }: { prefix?: string; env?: Record<string, string> } = {},
) {
  const child = spawn(
    'sh',
    [
      '-c',
      `${prefix} exec node cli/order-saga.mjs ${name} "$0"${name === 'restore' ? ' --yes' : ''}`,
      folder,
    ],
    {
      cwd: ROOT,
      env: { ...process.env, DATABASE_URL: urls.url, MIGRATE_DATABASE_URL: urls.migratorUrl, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  const lines: string[] = []
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => lines.push(...text.trimEnd().split('\n')))
  return {
    child,
    /** Its exit code, and every line that it wrote. */
    ended: async () => {
      const [code] = (await once(child, 'close')) as [number | null]
      return { code, lines }
    },
  }
}
