import type pg from 'pg'
import { applyMigrations, asMigrator, bringUp, LOCK_WAITS, userOf, type Migrated } from '../migrate.ts'
import { readMigrations, type Migration } from '../migrations.ts'
import { RELEASE } from '../release.ts'
import { readRoutines } from '../routines.ts'
import { readManifest, tableFile, type Manifest } from './manifest.ts'
import { loadTable, requireIntact } from './table-data.ts'
import { readTableNames, readTables, withoutForeignKeys } from './tables.ts'
import { explained } from './trouble.ts'

export interface RestoreOptions {
  /** How the application connects: where it does so as another role, that one is granted what it needs. */
  applicationUrl: string
  signal: AbortSignal
}

/** What was restored, and to which release the database was brought. */
export interface Restored {
  manifest: Manifest
  migrated: Migrated
}

/**
 * Fills an empty database from a backup, in one database transaction: as it was, then forward to this code's release.
 * The whole backup is checked before the database is touched.
 * @param databaseUrl of the role that will own the tables.
 * @throws Error when nothing was restored; the database is as it was then.
 */
export async function restore(
  databaseUrl: string,
  folder: string,
  { applicationUrl, signal }: RestoreOptions,
): Promise<Restored> {
  const manifest = await readManifest(folder)
  const ours = { migrations: await readMigrations(), routines: await readRoutines() }
  const first = requireMigrations(manifest, ours.migrations)
  for (const table of manifest.tables) await requireIntact(tableFile(folder, table.name), table, signal)
  const migrated = await asMigrator(databaseUrl, LOCK_WAITS, userOf(applicationUrl), async (client) => {
    await requireEmpty(client)
    await applyMigrations(client, first)
    // Functions and triggers come after the rows: no trigger judges what has happened already.
    await withoutForeignKeys(client, () => loadTables(client, folder, manifest, signal))
    await makeDue(client)
    const reached = await bringUp(client, ours)
    await client.query('ANALYZE')
    signal.throwIfAborted()
    return reached
  }).catch((error: unknown) => {
    throw explained('Nothing was restored', error)
  })
  return { manifest, migrated }
}

/** The migrations that the database of the backup had. @throws Error when this code does not have them all. */
function requireMigrations({ release, migrations }: Manifest, ours: readonly Migration[]): Migration[] {
  const found = ours.filter(({ name, checksum }) =>
    migrations.some((one) => one.name === name && one.checksum === checksum),
  )
  if (release <= RELEASE && found.length === migrations.length) return found
  throw new Error(
    release > RELEASE
      ? `The backup is of release ${release}, which is newer than ${RELEASE}, the release of this code: restore it with the version that made it, or a later one.`
      : 'The backup has migrations that this version does not have: it is of another line of development. Restore it with the version that made it.',
  )
}

async function requireEmpty(client: pg.Client): Promise<void> {
  const tables = await readTableNames(client)
  if (tables.length === 0) return
  throw new Error(
    `The database is not empty: it has ${tables.length} tables, such as ${tables[0]}. Nothing was restored: name an empty database in DATABASE_URL, or move the folder postgres in DATA_DIR away.`,
  )
}

async function loadTables(
  client: pg.Client,
  folder: string,
  { tables, sequences }: Manifest,
  signal: AbortSignal,
): Promise<void> {
  // What the migrations filled in themselves is in the backup as it was then.
  for (const { name } of await readTables(client))
    await client.query(`TRUNCATE ${client.escapeIdentifier(name)}`)
  for (const table of tables) await loadTable(client, table, tableFile(folder, table.name), signal)
  for (const { name, value, isCalled } of sequences)
    await client.query('SELECT setval($1, $2, $3)', [client.escapeIdentifier(name), value, isCalled])
}

/** Temporal may know nothing of the sagas that were watched: each is looked for at once, as if for the first time. */
async function makeDue(client: pg.Client): Promise<void> {
  await client.query(
    'UPDATE saga_watches SET check_at = clock_timestamp(), checks = 0, restarts = 0 WHERE check_at IS NOT NULL',
  )
}
