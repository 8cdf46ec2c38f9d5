import { createHash, randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import type pg from 'pg'
import { openSession } from '../postgres.ts'

const MIGRATIONS = path.join(import.meta.dirname, 'migrations')

/** The advisory lock that the Prisma CLI takes too, so that both never migrate at once. */
const LOCK = 72_707_369

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

interface Applied {
  migration_name: string
  checksum: string
  finished_at: Date | null
}

/**
 * Applies the migrations that the database does not have yet, each in a database transaction, and leaves the
 * history that the Prisma CLI expects. Safe to run in several processes at once.
 * @returns the names of those applied now.
 * @throws Error when an applied migration was edited afterwards, or one is half applied.
 */
export async function migrate(databaseUrl: string): Promise<string[]> {
  const client = openSession(databaseUrl, { name: 'ordersaga-migrate', statementTimeoutMs: 0 })
  await client.connect()
  try {
    await client.query('SELECT pg_advisory_lock($1)', [LOCK])
    await client.query(HISTORY_TABLE)
    const { rows } = await client.query<Applied>(
      'SELECT migration_name, checksum, finished_at FROM _prisma_migrations WHERE rolled_back_at IS NULL',
    )
    const applied = new Map(rows.map((row) => [row.migration_name, row]))
    const now: string[] = []
    for (const migration of await readMigrations()) {
      const earlier = applied.get(migration.name)
      if (earlier === undefined) {
        await apply(client, migration)
        now.push(migration.name)
      } else if (earlier.finished_at === null) {
        throw new Error(
          `Migration ${migration.name} is half applied: mend it with \`npx prisma migrate resolve\`.`,
        )
      } else if (earlier.checksum !== migration.checksum) {
        throw new Error(
          `Migration ${migration.name} was edited after it was applied: add a new migration instead.`,
        )
      }
    }
    return now
  } finally {
    await client.end()
  }
}

interface Migration {
  name: string
  sql: string
  checksum: string
}

async function readMigrations(): Promise<Migration[]> {
  const entries = await readdir(MIGRATIONS, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  return Promise.all(
    names.sort().map(async (name) => {
      const sql = await readFile(path.join(MIGRATIONS, name, 'migration.sql'), 'utf8')
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
    }),
  )
}

async function apply(client: pg.Client, { name, sql, checksum }: Migration): Promise<void> {
  await client.query('BEGIN')
  try {
    await client.query(sql)
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, now(), clock_timestamp(), 1)`,
      [randomUUID(), checksum, name],
    )
    await client.query('COMMIT')
  } catch (cause) {
    await client.query('ROLLBACK')
    throw new Error(`Migration ${name} failed`, { cause })
  }
}
