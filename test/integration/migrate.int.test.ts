import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { applyMigrations, describeMigrated, migrate, type LockWaits } from '../../prisma/migrate.ts'
import { readMigrations } from '../../prisma/migrations.ts'
import { RELEASE } from '../../prisma/release.ts'
import { readRoutines } from '../../prisma/routines.ts'
import type { TestDatabase } from '../harness/database.ts'
import { until } from '../harness/poll.ts'
import { createTestDatabase } from '../harness/start.ts'

let test: TestDatabase
/** As the migrator. */
let owner: pg.Client
beforeEach(async () => {
  test = await createTestDatabase()
  owner = await connect()
})
afterEach(async () => {
  await owner.end()
  await test.close()
})

async function connect(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: test.migratorUrl })
  await client.connect()
  return client
}

const NOTHING = { release: RELEASE, migrations: [], routines: [] }
const IMPATIENT = { tableMs: 200, migratorMs: 200, tries: 2, pauseMs: 10 }
const PATIENT = { ...IMPATIENT, tries: 100 }

const migrateTest = (waits?: LockWaits) =>
  migrate(test.migratorUrl, { applicationUrl: test.url, ...(waits === undefined ? {} : { waits }) })

/** Takes everything away that the migrator made. */
const empty = () => owner.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public')

/** As if the database had another text of these functions and triggers. */
const differ = (...names: string[]) =>
  owner.query('UPDATE database_release SET checksums = checksums - $1::text[]', [names])

async function definitionOf(name: string): Promise<string> {
  const { rows } = await owner.query<{ text: string }>('SELECT pg_get_functiondef($1::regproc) AS text', [
    name,
  ])
  return rows[0]?.text ?? ''
}

/** Holds a lock on `table` in an open database transaction until `release` is called. */
async function hold(table: string, mode: string): Promise<() => Promise<void>> {
  const holder = await connect()
  await holder.query('BEGIN')
  await holder.query(`LOCK TABLE ${table} IN ${mode} MODE`)
  return () => holder.end()
}

const waiting = () =>
  until('the migrator to wait', async () => {
    const { rows } = await owner.query(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'ordersaga-migrate' AND wait_event_type = 'Lock'`,
    )
    return rows.length > 0 ? true : undefined
  })

describe('the migrator', () => {
  it('brings an empty database to the release, and then has nothing to do', async () => {
    await empty()
    const first = await migrateTest()
    expect(first.release).toBe(RELEASE)
    expect(first.migrations[0]).toMatch(/_tables$/)
    expect(first.routines).toContain('FUNCTION step_enter')
    expect(first.routines).toContain('TRIGGER sagas_moves')
    const { length } = first.migrations
    expect(describeMigrated(first)).toMatch(
      new RegExp(`applied migrations: ${length}; functions and triggers: \\d+$`),
    )
    expect(describeMigrated({ ...first, migrations: first.migrations.slice(0, 2) })).toMatch(
      /applied migrations: \S+_tables, \S+; functions and triggers: \d+$/,
    )
    const second = await migrateTest()
    expect(second).toEqual(NOTHING)
    expect(describeMigrated(second)).toBe(`the database is up to date, at release ${RELEASE}`)
  })

  it('lets one of two at once do the work', async () => {
    await empty()
    const both = await Promise.all([migrateTest(), migrateTest()])
    expect(both.filter(({ migrations }) => migrations.length > 0)).toHaveLength(1)
    expect(both).toContainEqual(NOTHING)
  })

  it('replaces the function that differs, and no other', async () => {
    const before = await definitionOf('saga_wake')
    await owner.query(
      `CREATE OR REPLACE FUNCTION saga_wake(p_saga uuid) RETURNS void LANGUAGE sql AS 'SELECT'`,
    )
    await owner.query(
      `CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'`,
    )
    await differ('FUNCTION saga_wake')
    const migrated = await migrateTest()
    expect(migrated).toEqual({ ...NOTHING, routines: ['FUNCTION saga_wake'] })
    expect(describeMigrated(migrated)).toContain('functions and triggers: FUNCTION saga_wake')
    expect(await definitionOf('saga_wake')).toBe(before)
    expect(await definitionOf('refuse_change')).toContain('BEGIN END')
  })

  it('moves what operators wrote to where it can be erased, although its table is append-only', async () => {
    await empty()
    const earlier = (await readMigrations()).filter(({ name }) => name < '20261128')
    await applyMigrations(owner, earlier)
    for (const { name, sql } of await readRoutines())
      if (['FUNCTION refuse_change', 'TRIGGER operator_actions_append_only'].includes(name))
        await owner.query(sql)
    await owner.query(
      `INSERT INTO operator_actions (actor, action, reason, before, after) VALUES ('anna', 'maintain', 'she said so', '{}', '{}')`,
    )
    await migrateTest()
    const { rows } = await owner.query(
      'SELECT a.reason AS stays, r.reason FROM operator_actions a JOIN operator_reasons r ON r.action_id = a.id',
    )
    expect(rows).toEqual([{ stays: null, reason: 'she said so' }])
    await expect(owner.query('DELETE FROM operator_actions')).rejects.toThrow(/append-only/)
  })

  it('applies everything or nothing', async () => {
    await empty()
    await owner.query('CREATE VIEW stock_levels AS SELECT 1 AS taken')
    await expect(migrateTest()).rejects.toThrow(/Migration \d+_tables failed: .*stock_levels/)
    const { rows } = await owner.query(`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`)
    expect(rows).toEqual([])
  })

  it('refuses to go on when a migration was edited after it was applied', async () => {
    await owner.query(`UPDATE _prisma_migrations SET checksum = 'x' WHERE migration_name LIKE '%tables'`)
    await expect(migrateTest()).rejects.toThrow(/was edited after it was applied/)
  })
})

describe('a database of another release', () => {
  it('that is higher keeps its functions, and is enough for the migrator', async () => {
    await owner.query('UPDATE database_release SET release = $1, checksums = $2', [RELEASE + 1, '{}'])
    await owner.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at) VALUES ('later', 'x', '29990101000000_later', now())`,
    )
    const migrated = await migrateTest()
    expect(migrated).toEqual({ ...NOTHING, release: RELEASE + 1 })
    expect(describeMigrated(migrated)).toMatch(/nothing was changed/)
    const { rows } = await owner.query('SELECT release, checksums FROM database_release')
    expect(rows).toEqual([{ release: RELEASE + 1, checksums: {} }])
  })

  it('that is higher, and lacks a migration of ours, is refused', async () => {
    await owner.query('UPDATE database_release SET release = $1', [RELEASE + 1])
    await owner.query(`DELETE FROM _prisma_migrations WHERE migration_name LIKE '%catalogue'`)
    await expect(migrateTest()).rejects.toThrow(/not the migration \d+_catalogue[\s\S]*Nothing was changed/)
  })

  it('that holds the tables of something else is refused with their names, and not touched', async () => {
    await empty()
    await owner.query('CREATE TABLE invoices (id integer); CREATE TABLE users (id integer)')
    await expect(migrateTest()).rejects.toThrow(
      /not OrderSaga's: it holds other tables \(invoices, users\)[\s\S]*Nothing was changed[\s\S]*DATABASE_URL/,
    )
    const { rows } = await owner.query(
      `SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`,
    )
    expect(rows).toEqual([{ tablename: 'invoices' }, { tablename: 'users' }])
  })

  it('that was made before the migrations were replaced is refused with what to do, and not touched', async () => {
    await empty()
    await owner.query(`
      CREATE TABLE _prisma_migrations (id text, migration_name text, checksum text, finished_at timestamptz,
        rolled_back_at timestamptz);
      INSERT INTO _prisma_migrations VALUES ('1', '20261121000000_tables', 'x', now()),
        ('2', '20261121000200_saga_statements', 'x', now())`)
    await expect(migrateTest()).rejects.toThrow(
      /no migrations named 20261121000000_tables, 20261121000200_saga_statements[\s\S]*Nothing was changed[\s\S]*delete the data folder[\s\S]*DATABASE_URL/,
    )
    const { rows } = await owner.query(`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`)
    expect(rows).toEqual([{ tablename: '_prisma_migrations' }])
  })
})

describe('a lock that another session holds', () => {
  it('on a table is waited for a moment only, so that nothing queues behind the migrator, and tried again', async () => {
    await differ('TRIGGER sagas_moves', 'FUNCTION saga_wake')
    const release = await hold('sagas', 'ROW EXCLUSIVE')
    const migrating = migrateTest(PATIENT)
    await waiting()
    await owner.query(`SET statement_timeout = '10s'`)
    await owner.query(`UPDATE sagas SET cancel_note = NULL`)
    await release()
    expect(await migrating).toEqual({ ...NOTHING, routines: ['TRIGGER sagas_moves', 'FUNCTION saga_wake'] })
  })

  it('to the end of all tries is reported, and nothing was changed', async () => {
    await differ('TRIGGER sagas_moves', 'FUNCTION saga_wake')
    const release = await hold('sagas', 'ROW EXCLUSIVE')
    await expect(migrateTest(IMPATIENT)).rejects.toThrow(/2 times, another database transaction held a lock/)
    const { rows } = await owner.query(`SELECT checksums ? 'FUNCTION saga_wake' AS has FROM database_release`)
    expect(rows).toEqual([{ has: false }])
    await release()
  })

  it('on a table whose triggers have not changed is not waited for', async () => {
    await differ('FUNCTION saga_wake', 'FUNCTION sagas_refuse_illegal_move')
    const release = await hold('sagas', 'ACCESS EXCLUSIVE')
    const { routines } = await migrateTest(IMPATIENT)
    expect(routines).toEqual(['FUNCTION sagas_refuse_illegal_move', 'FUNCTION saga_wake'])
    await release()
  })
})
