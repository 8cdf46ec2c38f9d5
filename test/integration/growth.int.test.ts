import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generateSagas } from '../../bench/growth/generate.ts'
import { invariantsOf, JOBS, takeSample, type Job, type Sample } from '../../bench/growth/jobs.ts'
import { openProbe, type Cost, type Probe } from '../../bench/growth/measure.ts'
import { writeShapes } from '../../bench/growth/shapes.ts'
import { sqlOf } from '../../events/store/sql.ts'
import { openTestPool, type TestDatabase } from '../harness/database.ts'
import { createTestDatabase } from '../harness/start.ts'

/** So many that the planner takes each table that grows with them for a large one. */
const SAGAS = 6000

/** Over three weeks: a page about a day reads a small part of them. */
const EVERY_SECONDS = 300

/** Of the tables that hold what operators did, which are small beside the others. */
const FILLED = 6000

/** A table of less than this is read whole, which is right. */
const LARGE_ROWS = 2000

/** Buffers. A batch touches so many for each of its events. */
const HOT_MAX = 250
const BATCH_MAX = 4000

/** Of a list in which there is nothing: the way down its index, for each state that it may show. */
const EMPTY_MAX = 12
const EMPTY = [
  'transfers: cancelled',
  'transfers: waiting',
  'returns: expired',
  'search: SKU, never sold',
  'search: compensating, of which there are none',
  'orders: unknown reason',
  'orders: unknown customer',
  'orders: total, none',
  'dead letters: retrying',
  'dead letters: behind',
  'audit: unknown subject',
  'audit: action that was never taken',
  'audit: subject and action that was never taken',
  'differences: open',
]

let database: TestDatabase
let sample: Sample
let large: Set<string>
const costs = new Map<Job, Cost>()
beforeAll(async () => {
  database = await createTestDatabase()
  const shapes = await writeShapes(database.db, database.url)
  const pool = openTestPool(database.adminUrl, 1)
  const sql = sqlOf(pool)
  await generateSagas(pool, shapes, SAGAS, EVERY_SECONDS)
  for (const statement of FILL) await sql.query(statement, [FILLED])
  await sql.query('ANALYZE')
  sample = await takeSample(sql)
  const tables = await sql.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class
      WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND reltuples >= $1::integer`,
    [LARGE_ROWS],
  )
  large = new Set(tables.map(({ name }) => name))
  await pool.end()
  await measureAll()
})
afterAll(() => database.close())

/** More of what is kept, as years leave it behind. */
const FILL = [
  `INSERT INTO audit_entries (at, subject, action, target, request_id)
   SELECT now() - make_interval(mins => n), 'key:anna', 'POST /operations/orders/{id}/retry', 'orders/' || n, 'req-' || n
     FROM generate_series(1, $1::integer) AS n`,
  `INSERT INTO reconciliation_differences (step, provider, key, class, state, first_seen, last_seen, last_run, settled_at)
   SELECT 'chargePayment', 'payment', 'key-' || n, 'missing_there', 'settled', now() - make_interval(mins => n), now(),
          gen_random_uuid(), now() FROM generate_series(1, $1::integer) AS n`,
  `INSERT INTO dead_letters (consumer, stream_id, version, type, envelope, state, cause, created_at)
   SELECT 'sales#1', 'order-' || n, 1, 'OrderPlaced', '{}', 'discarded', 'APPLY_FAILED', now() - make_interval(mins => n)
     FROM generate_series(1, $1::integer) AS n`,
]

async function measureAll(): Promise<void> {
  const probes = new Map<string, Probe>()
  for (const job of JOBS.filter(({ kind }) => kind !== 'scan')) {
    const key = JSON.stringify(job.settings)
    const probe = probes.get(key) ?? (await openProbe(database.url, job.settings))
    probes.set(key, probe)
    const { db, pool } = probe
    const statements = await probe.statementsOf((setup) =>
      job.call({ db, pool, sql: sqlOf(pool), sample, setup }),
    )
    expect([job.name, statements.length > 0]).toEqual([job.name, true])
    costs.set(job, await probe.costOf(statements))
  }
  for (const probe of probes.values()) await probe.close()
}

describe('where there are thousands of orders', () => {
  it('they are as the product would have written them', async () => {
    const { checks } = await invariantsOf(database.db).check()
    expect(checks.filter(({ ok }) => !ok)).toEqual([])
    expect(checks.length).toBeGreaterThan(10)
  })

  it('no call but those that are to read everything reads a large table from end to end', () => {
    const scanning = [...costs].flatMap(([{ name }, { scanned }]) => {
      const tables = scanned.filter((table) => large.has(table))
      return tables.length === 0 ? [] : [`${name}: ${tables.join(', ')}`]
    })
    expect([...large]).toEqual(
      expect.arrayContaining(['events', 'sagas', 'step_fences', 'inbox', 'audit_entries']),
    )
    expect(scanning).toEqual([])
  })

  it('a step of an order touches a bounded number of buffers', () => {
    const hot = [...costs].filter(([{ kind }]) => kind === 'order')
    const most = (name: string) => (/\d events/.test(name) ? BATCH_MAX : HOT_MAX)
    expect(hot.filter(([{ name }, { buffers }]) => buffers > most(name)).map(([{ name }]) => name)).toEqual(
      [],
    )
    expect(hot.length).toBeGreaterThan(10)
  })

  it('a list in which there is nothing is empty at once, whichever filter it has', () => {
    const empty = [...costs].filter(([{ name }]) => EMPTY.includes(name))
    expect(empty).toHaveLength(EMPTY.length)
    expect(
      empty.filter(([, { buffers }]) => buffers > EMPTY_MAX).map(([{ name }, cost]) => [name, cost]),
    ).toEqual([])
  })
})
