import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { MIGRATION_LOCK } from '../locks.ts'
import { connectFirst, openSession, PATIENT } from '../postgres.ts'
import { grantToApplication } from './grants.ts'
import { readMigrations, type Migration } from './migrations.ts'
import { RELEASE } from './release.ts'
import { readRoutines, type Routine } from './routines.ts'

const SESSION = { name: 'ordersaga-migrate', ...PATIENT }

/** How long, and how often, the migrator waits for locks. */
export interface LockWaits {
  /** On a table: every other statement on that table waits behind the migrator meanwhile. */
  tableMs: number
  /** For another migrator, which blocks nothing else. */
  migratorMs: number
  tries: number
  pauseMs: number
}

/** About half a minute for tables, two minutes for another migrator. */
export const LOCK_WAITS: LockWaits = { tableMs: 1000, migratorMs: 10_000, tries: 10, pauseMs: 2000 }

export interface MigrateOptions {
  /** How the application connects: where it does so as another role, that one is granted what it needs. */
  applicationUrl?: string
  waits?: LockWaits
}

/** What a run of the migrator did. */
export interface Migrated {
  /** The release of the database afterwards. */
  release: number
  /** The names of those applied now. */
  migrations: readonly string[]
  routines: readonly string[]
}

/**
 * Brings the database to this code's release: applies the migrations that it does not have, then the functions and
 * triggers that differ, and grants the application what it needs, all in one database transaction. A database of a
 * higher release is left as it is. Safe to run in several processes at once.
 * @throws Error that says what to do; nothing was changed then.
 */
export async function migrate(
  databaseUrl: string,
  { applicationUrl = databaseUrl, waits = LOCK_WAITS }: MigrateOptions = {},
): Promise<Migrated> {
  const ours = { migrations: await readMigrations(), routines: await readRoutines() }
  for (let tried = 1; ; tried += 1) {
    try {
      return await asMigrator(databaseUrl, waits, userOf(applicationUrl), (client) => bringUp(client, ours))
    } catch (error) {
      if (!isLockTrouble(error)) throw error
      if (tried >= waits.tries) {
        throw new Error(
          `The database was not migrated: ${tried} times, another database transaction held a lock that is needed. ` +
            'Nothing was changed. Find it in pg_stat_activity, end it, and run the migrator again.',
          { cause: error },
        )
      }
      await sleep(waits.pauseMs)
    }
  }
}

/** What a run did, in one line for a log. */
export function describeMigrated({ release, migrations, routines }: Migrated): string {
  if (release > RELEASE)
    return `the database has release ${release}, which is newer than ${RELEASE}, the release of this code: nothing was changed`
  if (migrations.length + routines.length === 0) return `the database is up to date, at release ${release}`
  return `the database is at release ${release} now; applied migrations: ${listed(migrations)}; functions and triggers: ${listed(routines)}`
}

const LISTED_MAX = 10

function listed(names: readonly string[]): string {
  if (names.length === 0) return 'none'
  return names.length > LISTED_MAX ? `${names.length}` : names.join(', ')
}

interface Wanted {
  migrations: readonly Migration[]
  routines: readonly Routine[]
}

/** Also where the URL names none, and the driver takes that of the environment. */
export const userOf = (url: string) => openSession(url, SESSION).user

/**
 * Runs `work` as the only migrator, all or nothing, and grants the application what it needs of the outcome.
 * @param application the role of the application, where it is known.
 */
export async function asMigrator(
  databaseUrl: string,
  waits: LockWaits,
  application: string | undefined,
  work: (client: pg.Client) => Promise<Migrated>,
): Promise<Migrated> {
  const client = openSession(databaseUrl, SESSION)
  // A connection that is lost also fails the statement in progress; without a listener it would end the process.
  client.on('error', () => undefined)
  try {
    await connectFirst(client)
    await client.query('BEGIN')
    await client.query(`SET LOCAL lock_timeout = ${waits.migratorMs}`)
    await client.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK])
    await client.query(`SET LOCAL lock_timeout = ${waits.tableMs}`)
    const migrated = await work(client)
    if (application !== undefined && application !== client.user && migrated.release === RELEASE)
      await grantToApplication(client, application)
    await client.query('COMMIT')
    return migrated
  } finally {
    // Ends the database transaction too, where it did not commit.
    await client.end()
  }
}

/** Applies what the database lacks of this code's migrations, functions and triggers. */
export async function bringUp(client: pg.Client, ours: Wanted): Promise<Migrated> {
  const theirs = await readDatabase(client)
  if (theirs.history.size === 0) await requireNoTables(client)
  const pending = pendingMigrations(theirs, ours.migrations)
  if (theirs.release > RELEASE) {
    const [missing] = pending
    if (missing === undefined) return { release: theirs.release, migrations: [], routines: [] }
    throw new Error(
      `The database has release ${theirs.release}, and not the migration ${missing.name}, which release ${RELEASE} of this code needs: ` +
        'both are from different lines of development. Nothing was changed. Name another database in DATABASE_URL.',
    )
  }
  await applyMigrations(client, pending)
  const changed = ours.routines.filter(({ name, checksum }) => theirs.checksums[name] !== checksum)
  for (const routine of changed) await applyRoutine(client, routine)
  if (theirs.release < RELEASE || changed.length > 0) await storeRelease(client, ours.routines)
  const names = (applied: readonly { name: string }[]) => applied.map(({ name }) => name)
  return { release: RELEASE, migrations: names(pending), routines: names(changed) }
}

interface Applied {
  migration_name: string
  checksum: string
  finished_at: Date | null
}

interface DatabaseState {
  history: ReadonlyMap<string, Applied>
  /** 0 where nothing was ever applied. */
  release: number
  checksums: Readonly<Record<string, string>>
}

export async function readDatabase(client: pg.Client): Promise<DatabaseState> {
  const has = async (table: string) =>
    (await client.query<{ found: boolean }>('SELECT to_regclass($1) IS NOT NULL AS found', [table])).rows[0]
      ?.found === true
  const history = (await has('_prisma_migrations'))
    ? await client.query<Applied>(
        'SELECT migration_name, checksum, finished_at FROM _prisma_migrations WHERE rolled_back_at IS NULL',
      )
    : { rows: [] }
  const stored = (await has('database_release'))
    ? await client.query<Omit<DatabaseState, 'history'>>('SELECT release, checksums FROM database_release')
    : { rows: [] }
  return {
    history: new Map(history.rows.map((row) => [row.migration_name, row])),
    ...(stored.rows[0] ?? { release: 0, checksums: {} }),
  }
}

/** @throws Error when a database that was never migrated has tables all the same: another program's. */
async function requireNoTables(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ relname: string }>(
    `SELECT relname FROM pg_class c WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace
        AND relname <> '_prisma_migrations'
        AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = c.oid AND deptype = 'e') ORDER BY relname`,
  )
  if (rows.length === 0) return
  throw new Error(
    `The database is not OrderSaga's: it holds other tables (${listed(rows.map(({ relname }) => relname))}). ` +
      'Nothing was changed. Name an empty database in DATABASE_URL, or unset it, and `npm start` runs its own server.',
  )
}

/** @throws Error when the history of the database is not one that this code can continue. */
function pendingMigrations(
  { history, release }: DatabaseState,
  migrations: readonly Migration[],
): Migration[] {
  const known = new Set(migrations.map(({ name }) => name))
  const unknown = [...history.keys()].filter((name) => !known.has(name)).sort()
  if (release <= RELEASE && unknown.length > 0) {
    throw new Error(
      `The database was made by another version of OrderSaga: this one has no migrations named ${unknown.join(', ')}. ` +
        'Nothing was changed. To begin with an empty database, delete the data folder (DATA_DIR, .data unless it is set) ' +
        'if PostgreSQL is the one of `npm start`, and name a new database in DATABASE_URL otherwise.',
    )
  }
  return migrations.filter(({ name, checksum }) => {
    const applied = history.get(name)
    if (applied === undefined) return true
    if (applied.finished_at === null)
      throw new Error(`Migration ${name} is half applied: repair it with \`npx prisma migrate resolve\`.`)
    if (applied.checksum !== checksum)
      throw new Error(
        `Migration ${name} was edited after it was applied: restore it, and add a new migration.`,
      )
    return false
  })
}

/** As the Prisma CLI makes it. */
const HISTORY_TABLE = `
  CREATE TABLE IF NOT EXISTS _prisma_migrations (
    id varchar(36) PRIMARY KEY,
    checksum varchar(64) NOT NULL,
    finished_at timestamptz,
    migration_name varchar(255) NOT NULL,
    logs text,
    rolled_back_at timestamptz,
    started_at timestamptz NOT NULL DEFAULT now(),
    applied_steps_count integer NOT NULL DEFAULT 0
  )`

export async function applyMigrations(client: pg.Client, migrations: readonly Migration[]): Promise<void> {
  await client.query(HISTORY_TABLE)
  for (const migration of migrations) await applyMigration(client, migration)
}

async function applyMigration(client: pg.Client, { name, sql, checksum }: Migration): Promise<void> {
  const startedAt = new Date()
  await client.query(sql).catch(named(`Migration ${name}`))
  await client.query(
    `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
     VALUES ($1, $2, $3, $4, clock_timestamp(), 1)`,
    [randomUUID(), checksum, name, startedAt],
  )
}

/**
 * Replacing a function locks no table. Replacing a trigger takes a lock on its table that no writer can share, which is
 * why only what differs is applied.
 */
async function applyRoutine(client: pg.Client, { name, sql }: Routine): Promise<void> {
  await client.query(sql).catch(named(name))
}

const storeRelease = (client: pg.Client, routines: readonly Routine[]) =>
  client.query(
    `INSERT INTO database_release (release, checksums, applied_at) VALUES ($1, $2, clock_timestamp())
     ON CONFLICT (id) DO UPDATE SET release = excluded.release, checksums = excluded.checksums,
       applied_at = excluded.applied_at`,
    [RELEASE, JSON.stringify(Object.fromEntries(routines.map(({ name, checksum }) => [name, checksum])))],
  )

/** Says what failed, and keeps the reason. */
const named = (what: string) => (cause: unknown) => {
  throw isLockTrouble(cause) ? cause : new Error(`${what} failed: ${String(cause)}`, { cause })
}

/** A lock that was not granted in time, or a deadlock: it may be granted next time. */
const isLockTrouble = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === '55P03' || error.code === '40P01')
