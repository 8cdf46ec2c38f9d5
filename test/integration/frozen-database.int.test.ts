import { afterEach, expect, inject, it } from 'vitest'
import { isDatabaseTrouble } from '../../faults.ts'
import { inTransaction, sqlOf } from '../../events/store/sql.ts'
import { openPool, openSession } from '../../postgres.ts'
import { openDatabase } from '../../prisma/client.ts'
import { until } from '../harness/poll.ts'
import { orderBody } from '../harness/api-client.ts'
import { expectOrdersCompleted } from '../harness/order-trials.ts'
import { createTestDatabase, startSystem } from '../harness/start.ts'
import { startTcpProxy } from '../harness/tcp-proxy.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** A database behind a line that can swallow everything, as if the server were frozen. */
async function behindALine() {
  const test = await createTestDatabase()
  const { hostname, port } = new URL(inject('servers').postgresUrl)
  const line = await startTcpProxy({ host: hostname, port: Number(port) })
  const url = new URL(test.url)
  url.port = String(line.port)
  closers.push(
    () => test.close(),
    () => line.close(),
  )
  return { line, url: url.href }
}

const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'it was answered',
    (error: unknown) => error,
  )

it('a pool of Prisma fails what a frozen server does not answer, and is as good as new afterwards', async () => {
  const { line, url } = await behindALine()
  const db = openDatabase(url, 1)
  closers.push(() => db.$disconnect())
  await db.$queryRaw`SELECT 1`
  line.swallow()
  expect(isDatabaseTrouble(await failure(db.$queryRaw`SELECT 1`))).toBe(true)
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
  expect(isDatabaseTrouble(await failure(inTheMiddle))).toBe(true)
  line.mend()
  expect(await until('an answer', () => db.$queryRaw`SELECT 2 AS two`.catch(() => undefined))).toEqual([
    { two: 2 },
  ])
})

it('a transaction and a session of plain SQL fail when the server freezes under them', async () => {
  const { line, url } = await behindALine()
  const pool = openPool(url, { max: 1, name: 'test' })
  const session = openSession(url, { name: 'test' })
  session.on('error', () => undefined)
  closers.push(() => pool.end())
  await session.connect()
  const inTheMiddle = failure(
    inTransaction(pool, async (db) => {
      line.swallow()
      await db.query('SELECT 1')
    }),
  )
  expect(isDatabaseTrouble(await inTheMiddle)).toBe(true)
  expect(isDatabaseTrouble(await failure(session.query('SELECT 1')))).toBe(true)
  line.mend()
  expect(
    await until('an answer', () =>
      sqlOf(pool)
        .query('SELECT 2 AS two')
        .catch(() => undefined),
    ),
  ).toEqual([{ two: 2 }])
})

it('a session whose server takes no writes ends itself', async () => {
  const test = await createTestDatabase()
  closers.push(() => test.close())
  const session = openSession(test.url, { name: 'test' })
  const ended = new Promise((resolve) => void session.once('end', () => resolve('ended')))
  await session.connect()
  await session.query('SET default_transaction_read_only = on')
  await expect(session.query('DELETE FROM orders')).rejects.toMatchObject({ code: '25006' })
  expect(await ended).toBe('ended')
})

it('a process that freezes in a transaction is hung up on, and its locks are free', async () => {
  const test = await createTestDatabase()
  const [frozen, successor] = [1, 2].map(() => openPool(test.url, { max: 1, name: 'test' }))
  if (frozen === undefined || successor === undefined) throw new Error('there is no pool')
  closers.push(
    () => test.close(),
    () => Promise.all([frozen.end(), successor.end()]),
  )
  const lock = 'SELECT pg_advisory_xact_lock(4711)'
  const held = failure(
    inTransaction(frozen, async (db) => {
      await db.query(lock)
      await until('the successor to have it', () =>
        sqlOf(successor)
          .query(lock)
          .catch(() => undefined),
      )
      await db.query('SELECT 1')
    }),
  )
  expect(isDatabaseTrouble(await held)).toBe(true)
})

it('an API whose database freezes says so with 503, and afterwards takes each of those orders once', async () => {
  let line: Awaited<ReturnType<typeof startTcpProxy>> | undefined
  const system = await startSystem({
    input: { pace: 0.05 },
    async apiDatabaseUrl(place) {
      const url = new URL(place)
      line = await startTcpProxy({ host: url.hostname, port: Number(url.port) })
      url.port = String(line.port)
      return url.href
    },
  })
  closers.push(
    () => line?.close(),
    () => system.close(),
  )
  const before = await system.api.place()
  const keys = Array.from({ length: 6 }, (_, index) => `frozen-${index}`)
  const post = (key: string) => system.api.post('/orders', orderBody(), { 'idempotency-key': key })
  line?.swallow()
  const [ready, live, ...turnedAway] = await Promise.all([
    fetch(`${system.apiUrl}/readyz`),
    fetch(`${system.apiUrl}/livez`),
    ...keys.map(post),
  ])
  expect([ready.status, live.status]).toEqual([503, 200])
  for (const answer of turnedAway)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, expect.any(String)])
  line?.mend()
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
