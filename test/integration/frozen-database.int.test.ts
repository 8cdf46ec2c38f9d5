import type { Socket } from 'node:net'
import pg from 'pg'
import { afterAll, expect, it } from 'vitest'
import { isDatabaseTrouble } from '../../faults.ts'
import { inTransaction, sqlOf } from '../../events/store/sql.ts'
import { openPool, openSession, sessionConfig } from '../../postgres.ts'
import { openDatabase } from '../../prisma/client.ts'
import { orderBody } from '../harness/api-client.ts'
import { PATIENTLY } from '../harness/database.ts'
import { createDatabaseBehindALine, startApiBehindALine } from '../harness/database-line.ts'
import { expectOrdersCompleted } from '../harness/order-trials.ts'
import { until } from '../harness/poll.ts'
import { createTestDatabase } from '../harness/start.ts'

const closers: (() => unknown)[] = []
afterAll(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** A database behind a line that can swallow everything, as if the server were frozen. */
async function behindALine() {
  const test = await createDatabaseBehindALine()
  closers.push(() => test.close())
  return test
}

const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'it was answered',
    (error: unknown) => error,
  )

it.concurrent('a pool of Prisma fails what a frozen server does not answer, and is as good as new afterwards', async () => {
  const { line, url } = await behindALine()
  const db = openDatabase(url, 1, PATIENTLY)
  closers.push(() => db.$disconnect())
  await db.$queryRaw`SELECT 1`
  line.swallow()
  expect(await failure(db.$queryRaw`SELECT 1`)).toSatisfy(isDatabaseTrouble)
  line.mend()
  await until('an answer', () => db.$queryRaw`SELECT 1`.catch(() => undefined))
  const inTheMiddle = db.$transaction(
    async (transaction) => {
      await transaction.$queryRaw`SELECT 1`
      line.swallow()
      await transaction.$queryRaw`SELECT 1`
    },
    { timeout: 20_000 },
  )
  expect(await failure(inTheMiddle)).toSatisfy(isDatabaseTrouble)
  line.mend()
  expect(await until('an answer', () => db.$queryRaw`SELECT 2 AS two`.catch(() => undefined))).toEqual([
    { two: 2 },
  ])
})

it.concurrent('a transaction and a session of plain SQL fail when the server freezes under them', async () => {
  const { line, url } = await behindALine()
  const pool = openPool(url, { ...PATIENTLY, max: 1, name: 'test' })
  const session = openSession(url, { ...PATIENTLY, name: 'test' })
  session.on('error', () => undefined)
  closers.push(() => pool.end())
  await session.connect()
  const inTheMiddle = failure(
    inTransaction(pool, async (db) => {
      line.swallow()
      await db.query('SELECT 1')
    }),
  )
  expect(await inTheMiddle).toSatisfy(isDatabaseTrouble)
  expect(await failure(session.query('SELECT 1'))).toSatisfy(isDatabaseTrouble)
  line.mend()
  expect(
    await until('an answer', () =>
      sqlOf(pool)
        .query('SELECT 2 AS two')
        .catch(() => undefined),
    ),
  ).toEqual([{ two: 2 }])
})

it.concurrent('a statement that takes too long is given up by the server, and its connection is kept', async () => {
  const test = await createTestDatabase()
  const limits = { ...PATIENTLY, statementTimeoutMs: 500, name: 'test' }
  const [pool, session] = [openPool(test.url, { ...limits, max: 1 }), openSession(test.url, limits)]
  closers.push(
    () => test.close(),
    () => Promise.all([pool.end(), session.end()]),
  )
  await session.connect()
  for (const client of [pool, session]) {
    await expect(client.query('SELECT pg_sleep(60)')).rejects.toMatchObject({ code: '57014' })
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  }
})

it.concurrent('a session whose server takes no writes ends itself', async () => {
  const test = await createTestDatabase()
  closers.push(() => test.close())
  const session = openSession(test.url, { ...PATIENTLY, name: 'test' })
  const ended = new Promise((resolve) => void session.once('end', () => resolve('ended')))
  await session.connect()
  await session.query('SET default_transaction_read_only = on')
  await expect(session.query('DELETE FROM orders')).rejects.toMatchObject({ code: '25006' })
  expect(await ended).toBe('ended')
})

const LOCK = 'SELECT pg_advisory_xact_lock(4711)'

/** Waits for the lock, over a connection of its own. */
const succeeds = (pool: pg.Pool, lock = LOCK) =>
  until('the successor to have the lock', () =>
    sqlOf(pool)
      .query(lock)
      .catch(() => undefined),
  )

it.concurrent('a process that freezes in a transaction is hung up on, and its locks are free', async () => {
  const test = await createTestDatabase()
  const [frozen, successor] = [1, 2].map(() => openPool(test.url, { ...PATIENTLY, max: 1, name: 'test' }))
  if (frozen === undefined || successor === undefined) throw new Error('there is no pool')
  closers.push(
    () => test.close(),
    () => Promise.all([frozen.end(), successor.end()]),
  )
  const held = failure(
    inTransaction(frozen, async (db) => {
      await db.query(LOCK)
      await succeeds(successor)
      await db.query('SELECT 1')
    }),
  )
  expect(await held).toSatisfy(isDatabaseTrouble)
})

it.concurrent('a process that freezes while it reads a large answer is hung up on, and its locks are free', async () => {
  const test = await createTestDatabase()
  const successor = openPool(test.url, { ...PATIENTLY, max: 1, name: 'test' })
  // A session whose client is frozen has nobody on its side who watches it.
  const frozen = new pg.Client(sessionConfig(test.url, { ...PATIENTLY, name: 'test' }))
  frozen.on('error', () => undefined)
  closers.push(
    () => test.close(),
    () => successor.end(),
  )
  await frozen.connect()
  await frozen.query('SELECT pg_advisory_lock(4711)')
  const { stream } = (frozen as unknown as { connection: { stream: Socket } }).connection
  // More than the buffers of both sides hold.
  const answer = failure(frozen.query("SELECT repeat('x', 1000) FROM generate_series(1, 50000)"))
  stream.pause()
  await succeeds(successor)
  stream.resume()
  expect(await answer).toSatisfy(isDatabaseTrouble)
})

it.concurrent('an API whose database freezes says so with 503, and afterwards takes each of those orders once', async () => {
  const { system, line, close } = await startApiBehindALine()
  closers.push(close)
  const before = await system.api.place()
  const keys = Array.from({ length: 6 }, (_, index) => `frozen-${index}`)
  const post = (key: string) => system.api.post('/orders', orderBody(), { 'idempotency-key': key })
  line.swallow()
  const [ready, live, ...turnedAway] = await Promise.all([
    fetch(`${system.apiUrl}/readyz`),
    fetch(`${system.apiUrl}/livez`),
    ...keys.map(post),
  ])
  expect([ready.status, live.status]).toEqual([503, 200])
  for (const answer of turnedAway)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, expect.any(String)])
  line.mend()
  const placed = await Promise.all(
    keys.map((key) =>
      until('an order to be accepted', async () => {
        const answer = await post(key)
        return answer.status === 202 ? ((await answer.json()) as { id: string }) : undefined
      }),
    ),
  )
  expect(await system.db.order.count()).toBe(keys.length + 1)
  await expectOrdersCompleted(
    system,
    await Promise.all([before, ...placed].map(({ id }) => system.api.ended(id))),
  )
})
