import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import type pg from 'pg'
import { connectFirst, openSession, PATIENT } from '../../postgres.ts'
import { MIGRATION_LOCK } from '../../locks.ts'
import { readDatabase } from '../migrate.ts'
import { RELEASE } from '../release.ts'
import { tableFile, writeManifest, type Manifest, type TableEntry } from './manifest.ts'
import { dumpTable } from './table-data.ts'
import { readSequences, readTables } from './tables.ts'
import { explained } from './trouble.ts'

/** Dates are written in the one form that every server reads in the same way. */
const SESSION = { name: 'ordersaga-backup', ...PATIENT, settings: { datestyle: 'ISO' } }

/** How long a migrator that is at work is waited for. */
const LOCK_WAIT_MS = 30_000

export interface BackupOptions {
  /** Of the application, for the reader of the manifest. */
  version: string
  signal: AbortSignal
}

/**
 * Writes all that the application has in its database to a new folder, as of one moment, while the system runs. The
 * folder appears when it is complete.
 * @param databaseUrl of the role that owns the tables.
 * @throws Error when there is no backup; nothing is left of it then.
 */
export async function backUp(databaseUrl: string, folder: string, options: BackupOptions): Promise<Manifest> {
  const partial = await makePartial(folder).catch((error: unknown) => {
    throw explained('No backup was written', error)
  })
  try {
    const manifest = await inSnapshot(databaseUrl, (client) => writeTables(client, partial, options))
    await writeManifest(partial, manifest)
    options.signal.throwIfAborted()
    await rename(partial, folder)
    return manifest
  } catch (error) {
    await rm(partial, { recursive: true, force: true })
    throw explained('No backup was written', error)
  }
}

async function makePartial(folder: string): Promise<string> {
  if (existsSync(folder)) throw new Error(`${folder} is there already: name a folder that is not.`)
  const partial = `${folder}.partial`
  await mkdir(path.dirname(folder), { recursive: true })
  await mkdir(partial, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
    throw new Error(
      `${partial} is there: a backup is being written to it, or was killed. Wait for it, or delete that folder.`,
    )
  })
  return partial
}

/** Whatever `work` reads is of one moment, and no migration changes the tables under it. */
async function inSnapshot<T>(databaseUrl: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = openSession(databaseUrl, SESSION)
  client.on('error', () => undefined)
  try {
    await connectFirst(client)
    await client.query(`SET lock_timeout = ${LOCK_WAIT_MS}`)
    // Before the transaction begins: its moment is that of its first statement, which may wait for a migrator.
    await client.query('SELECT pg_advisory_lock_shared($1)', [MIGRATION_LOCK])
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    return await work(client)
  } finally {
    await client.end()
  }
}

async function writeTables(
  client: pg.Client,
  folder: string,
  { version, signal }: BackupOptions,
): Promise<Manifest> {
  const { history, release } = await readDatabase(client)
  if (release === 0)
    throw new Error('The database holds nothing of OrderSaga: look at DATABASE_URL and DATA_DIR.')
  if (release > RELEASE)
    throw new Error(
      `The database has release ${release}, which is newer than ${RELEASE}, the release of this code: back it up with the version that runs on it.`,
    )
  const taken = await client.query<{ at: Date }>('SELECT now() AS at')
  const tables: TableEntry[] = []
  for (const table of await readTables(client))
    tables.push(await dumpTable(client, table, tableFile(folder, table.name), signal))
  return {
    version,
    takenAt: (taken.rows[0]?.at ?? new Date()).toISOString(),
    release,
    migrations: [...history.values()]
      .map(({ migration_name: name, checksum }) => ({ name, checksum }))
      .sort(byName),
    tables,
    sequences: await readSequences(client),
  }
}

const byName = (one: { name: string }, other: { name: string }) => (one.name < other.name ? -1 : 1)
