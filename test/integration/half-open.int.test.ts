import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, it } from 'vitest'
import { inTransaction, sqlOf } from '../../events/store/sql.ts'
import { isDatabaseTrouble } from '../../faults.ts'
import { openPool, openSession } from '../../postgres.ts'
import { orderBody } from '../harness/api-client.ts'
import { PATIENTLY } from '../harness/database.ts'
import { createDatabaseBehindALine, startApiBehindALine } from '../harness/database-line.ts'
import { waitingForLocks } from '../harness/in-flight.ts'
import { expectOrdersCompleted } from '../harness/order-trials.ts'
import { until } from '../harness/poll.ts'
import { createTestDatabase } from '../harness/start.ts'

const closers: (() => unknown)[] = []
afterAll(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** A pool of one connection over a line. */
async function openLongWay() {
  const { line, url, direct, close } = await createDatabaseBehindALine()
  const pool = openPool(url, { ...PATIENTLY, max: 1, name: 'test' })
  closers.push(close, () => pool.end())
  return { line, direct, pool }
}

it.concurrent('a commit whose answer is lost is trouble with the database, which has committed', async () => {
  const { line, direct, pool } = await openLongWay()
  await direct.admin.$executeRaw`CREATE TABLE written (what text)`
  await direct.admin.$executeRaw`GRANT SELECT, INSERT ON written TO PUBLIC`
  const committing = inTransaction(pool, async (db) => {
    await db.query("INSERT INTO written VALUES ('once')")
    line.swallowAnswers()
  })
  expect(isDatabaseTrouble(await committing.catch((error: unknown) => error))).toBe(true)
  expect(await direct.db.$queryRaw`SELECT what FROM written`).toEqual([{ what: 'once' }])
})

it.concurrent('an order whose commit is not answered is turned away with 503, and its key finds it afterwards', async () => {
  const { system, line, close } = await startApiBehindALine()
  closers.push(close)
  const { api, db, admin } = system
  const post = () => api.post('/orders', orderBody(), { 'idempotency-key': 'half-open' })
  await api.run()
  const turnedAway = await admin.$transaction(async (transaction) => {
    // Held until the line is half-open: the statement reaches the server, and no answer comes back.
    await transaction.$executeRaw`LOCK TABLE orders IN EXCLUSIVE MODE`
    const answer = post()
    await until('the order to wait', async () => ((await waitingForLocks(db)) > 0 ? true : undefined))
    line.swallowAnswers()
    return { answer }
  })
  const { status, headers } = await turnedAway.answer
  expect([status, headers.get('retry-after')]).toEqual([503, expect.any(String)])
  expect(await db.order.count()).toBe(2)
  line.mend()
  const { id } = await until('the order to be accepted', async () => {
    const answer = await post()
    return answer.status === 202 ? ((await answer.json()) as { id: string }) : undefined
  })
  expect(await db.order.count()).toBe(2)
  await expectOrdersCompleted(system, [await api.ended(id)])
})

it.concurrent('a pool and a session end also when the server does not see it', async () => {
  const { line, url, close } = await createDatabaseBehindALine()
  closers.push(close)
  const pool = openPool(url, { ...PATIENTLY, max: 1, name: 'test' })
  const session = openSession(url, { ...PATIENTLY, name: 'test' })
  await Promise.all([session.connect(), pool.query('SELECT 1')])
  line.swallow()
  expect(await Promise.all([session.end(), pool.end()])).toHaveLength(2)
})

it.concurrent('a hang-up of the server that is lost on the way is found out with the next statement', async () => {
  const { line, direct, pool } = await openLongWay()
  const pid = 'SELECT pg_backend_pid() AS pid'
  const [first] = await sqlOf(pool).query<{ pid: number }>(pid)
  line.swallowAnswers()
  await direct.db.$queryRaw`SELECT pg_terminate_backend(${first?.pid ?? 0}::integer)`
  await expect(sqlOf(pool).query(pid)).rejects.toSatisfy(isDatabaseTrouble)
  line.mend()
  const [next] = await sqlOf(pool).query<{ pid: number }>(pid)
  expect(next?.pid).not.toBe(first?.pid)
})

it.concurrent('an answer that comes slowly is waited for as long as its bytes move', async () => {
  const { line, pool } = await openLongWay()
  await pool.query('SELECT 1')
  // Some 600 bytes: longer than a silent server has.
  line.throttleAnswers({ bytes: 64, restMs: 700 })
  const answered = await sqlOf(pool).query("SELECT repeat('x', 500) AS text")
  expect(answered).toEqual([{ text: 'x'.repeat(500) }])
})

// By itself: it holds up what else runs in this process.
it('an answer that came while the process was busy is read, however late', async () => {
  const direct = await createTestDatabase()
  const pool = openPool(direct.url, { ...PATIENTLY, max: 1, name: 'test' })
  closers.push(
    () => direct.close(),
    () => pool.end(),
  )
  const answer = sqlOf(pool).query("SELECT 'there' AS text FROM pg_sleep(1)")
  await sleep(200)
  // From here on Node looks at its timers first, and then at its sockets.
  await new Promise((go) => setImmediate(go))
  // Longer than a silent server has.
  const busyUntil = performance.now() + 6000
  while (performance.now() < busyUntil);
  expect(await answer).toEqual([{ text: 'there' }])
})
