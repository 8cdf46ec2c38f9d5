import pg from 'pg'
import { afterAll, describe, expect, it } from 'vitest'
import { openPool } from '../../postgres.ts'
import { ATTEMPTS } from '../../workflows/saga/policies.ts'
import { orderSaga } from '../../workflows/order/steps.ts'
import { orderBody } from '../harness/api-client.ts'
import { expectOrdersCompleted } from '../harness/order-trials.ts'
import { until } from '../harness/poll.ts'
import { participantsOf } from '../harness/saga-steps.ts'
import { createTestDatabase, startSystem } from '../harness/start.ts'

const closers: (() => unknown)[] = []
afterAll(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

interface Trouble {
  begin: readonly string[]
  end: string
}

/** As after a failover: the server that the pools are connected to takes no writes, and then another one does. */
const TAKES_NO_WRITES = {
  begin: [
    'ALTER DATABASE :name SET default_transaction_read_only = on',
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ':name' AND pid <> pg_backend_pid()",
  ],
  // Whoever is connected stays so: it must find out by itself.
  end: 'ALTER DATABASE :name RESET default_transaction_read_only',
} satisfies Trouble

const HAS_A_FULL_DISK = {
  begin: [
    `CREATE FUNCTION test_disk_full() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$;
    CREATE TRIGGER test_disk_full BEFORE INSERT OR UPDATE ON step_fences FOR EACH ROW EXECUTE FUNCTION test_disk_full();
    CREATE TRIGGER test_disk_full BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION test_disk_full()`,
  ],
  end: 'DROP FUNCTION test_disk_full() CASCADE',
} satisfies Trouble

it('a pool does not hand out again a connection whose server takes no writes', async () => {
  const test = await createTestDatabase()
  const pool = openPool(test.url, { max: 1, name: 'test' })
  closers.push(
    () => test.close(),
    () => pool.end(),
  )
  const pidOf = async (client: pg.PoolClient): Promise<unknown> =>
    (await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]?.pid
  const demoted = await pool.connect()
  const pid = await pidOf(demoted)
  await demoted.query('SET default_transaction_read_only = on')
  await expect(demoted.query('DELETE FROM orders')).rejects.toMatchObject({ code: '25006' })
  // As after a transaction of Prisma's: the pool does not hear what happened in it.
  demoted.release()
  const next = await pool.connect()
  const nextPid = await pidOf(next)
  next.release()
  expect(nextPid).not.toBe(pid)
})

describe.concurrent('a PostgreSQL that answers, and', () => {
  it.for([
    { what: 'takes no writes for a while', trouble: TAKES_NO_WRITES },
    { what: 'has a full disk for a while', trouble: HAS_A_FULL_DISK },
  ])(
    '$what is waited for: orders in flight are completed, new ones are answered with 503',
    async ({ trouble }) => {
      let attempts = 0
      const system = await startSystem({
        workers: false,
        participants: participantsOf(orderSaga),
        input: { pace: 0.005 },
        reach(point) {
          if (point === 'reserveInventory:before') attempts += 1
        },
      })
      closers.push(() => system.close())
      const name = new URL(system.databaseUrl).pathname.slice(1)
      const admin = async (...statements: readonly string[]) => {
        const client = new pg.Client({ connectionString: system.adminUrl })
        await client.connect()
        await client.query('SET default_transaction_read_only = off')
        for (const sql of statements) await client.query(sql.replaceAll(':name', name))
        await client.end()
      }
      const placed = await Promise.all(Array.from({ length: 3 }, () => system.api.place()))
      await admin(...trouble.begin)
      const turnedAway = await system.api.post('/orders', orderBody(), { 'idempotency-key': 'in-trouble' })
      expect([turnedAway.status, turnedAway.headers.get('retry-after')]).toEqual([503, expect.any(String)])
      expect((await system.api.order(placed[0]?.id ?? '')).reason).toBeNull()
      await system.startWorkers()
      await until('more attempts than the orders have', () =>
        attempts > placed.length * (ATTEMPTS.giveUp + 1) ? true : undefined,
      )
      await admin(trouble.end)
      const again = await until('an order to be accepted again', async () => {
        const answer = await system.api.post('/orders', orderBody(), { 'idempotency-key': 'in-trouble' })
        return answer.status === 202 ? ((await answer.json()) as { id: string }) : undefined
      })
      await expectOrdersCompleted(
        system,
        await Promise.all([...placed, again].map(({ id }) => system.api.ended(id))),
      )
    },
  )
})
