import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createConsumer } from '../../events/inbox/consumer.ts'
import { sqlOf, type Sql } from '../../events/store/sql.ts'
import { toEnvelope } from '../../events/broker/envelope.ts'
import { freshnessOf, moveAppliedMark, waitUntilApplied } from '../../read-models/freshness.ts'
import { enterLive, hashOf } from '../../read-models/projection.ts'
import { createOrderSummaryQueries } from '../../read-models/order-summary.ts'
import { PROJECTIONS } from '../../read-models/registry.ts'
import { createSalesQueries } from '../../read-models/sales.ts'
import { createStockQueries } from '../../read-models/stock-levels.ts'
import { openTestPool, type TestDatabase } from '../harness/database.ts'
import { createDelivery } from '../harness/delivery.ts'
import { createTestDatabase } from '../harness/start.ts'
import { ENDS, writeOrder, type End } from '../harness/written-orders.ts'

let test: TestDatabase
let pool: pg.Pool
let delivery: ReturnType<typeof createDelivery>
beforeAll(async () => {
  test = await createTestDatabase()
  pool = openTestPool(test.url, 4)
  delivery = createDelivery(
    pool,
    PROJECTIONS.map((projection) => createConsumer({ pool, enter: enterLive(projection) })),
  )
})
afterAll(async () => {
  await pool.end()
  await test.close()
})

/** The day (UTC) on which an order was completed: midnight may pass while a test runs. */
const dayOf = async (id: string) => {
  const { recordedAt } = await test.db.event.findFirstOrThrow({
    where: { streamId: `order-${id}`, type: 'OrderCompleted' },
  })
  return recordedAt.toISOString().slice(0, 10)
}
const queries = () => ({
  orders: createOrderSummaryQueries({ db: sqlOf(pool) }),
  sales: createSalesQueries({ db: sqlOf(pool) }),
  stock: createStockQueries({ db: sqlOf(pool) }),
})
const page = { limit: 100 }

describe('the read models', () => {
  it('show orders of every end as the written tables have them', async () => {
    const written = new Map<End, string>()
    for (const end of ENDS) written.set(end, await writeOrder(test.db, end, { customerId: `cus_${end}` }))
    await delivery.everything()
    const rows = await test.db.order.findMany({ include: { saga: true }, orderBy: { id: 'desc' } })
    const summaries = await queries().orders.search({}, page)
    expect(summaries).toHaveLength(ENDS.length)
    expect(summaries).toMatchObject(
      rows.map(({ id, customerId, totalMinor, saga }) => ({
        id,
        customerId,
        totalMinor: Number(totalMinor),
        status: saga.status,
        reasonCode: saga.reasonCode,
        version: saga.version,
        updatedAt: saga.updatedAt,
      })),
    )
    const stock = await test.db.stock.findMany({ orderBy: { sku: 'asc' } })
    expect(await queries().stock.levels()).toEqual(
      stock.map(({ sku, available, reserved, sold }) => ({ sku, available, reserved, sold })),
    )
    expect(await queries().sales.report({})).toEqual([
      {
        day: await dayOf(written.get('completed') ?? ''),
        sku: 'TEA-001',
        quantity: 2,
        revenueMinor: 1590,
        currency: 'EUR',
      },
    ])
  })

  it('find orders by customer, status and SKU, page by page', async () => {
    const lines = [
      { sku: 'CUP-001', quantity: 1 },
      { sku: 'CUP-002', quantity: 1 },
    ]
    const ids = []
    for (let n = 0; n < 3; n += 1)
      ids.push(await writeOrder(test.db, 'completed', { customerId: 'cus_f', lines }))
    await delivery.everything()
    const { orders } = queries()
    const found = async (filter: Parameters<typeof orders.search>[0], after?: string) =>
      (await orders.search(filter, { limit: 2, after })).map(({ id }) => id)
    expect(await found({ customerId: 'cus_f' })).toEqual(ids.toReversed())
    expect(await found({ customerId: 'cus_f' }, ids[1])).toEqual([ids[0]])
    expect(await found({ sku: 'CUP-002', status: 'completed' })).toEqual(ids.toReversed())
    expect(await found({ sku: 'CUP-002', status: 'parked' })).toEqual([])
    const [from, to] = [await dayOf(ids[0] ?? ''), await dayOf(ids[2] ?? '')]
    const sold = await queries().sales.report({ sku: 'CUP-002', from, to })
    expect(sold.reduce((sum, { quantity }) => sum + quantity, 0)).toBe(3)
    expect(await queries().sales.report({ to: '2020-01-01' })).toEqual([])
  })

  it('pass over streams that are none of their business, and over no type of event that they do not know', async () => {
    const handlers = PROJECTIONS.map((projection) => createConsumer({ pool, enter: enterLive(projection) }))
    const event = { version: 1, schemaVersion: 1, type: 'Unheard', data: {}, recordedAt: new Date() }
    const unheard = 'order-01a00000-0000-7000-8000-000000000001'
    for (const handle of handlers)
      await handle(['account-1', unheard].map((streamId) => toEnvelope({ ...event, streamId })))
    expect(await test.db.inbox.count({ where: { streamId: 'account-1', version: 1 } })).toBe(
      PROJECTIONS.length,
    )
    expect(await test.db.deadLetter.count({ where: { streamId: unheard, cause: 'NEWER_EVENT' } })).toBe(
      PROJECTIONS.length,
    )
    expect(await test.db.deadLetter.count()).toBe(PROJECTIONS.length)
  })
})

describe('the lag of a read model', () => {
  it('counts from the oldest event that it has not applied, and is none without one', async () => {
    const db = sqlOf(pool)
    expect((await freshnessOf(db, 'sales')).lagMs).toBe(0)
    const id = await writeOrder(test.db, 'placed')
    await writeOrder(test.db, 'placed')
    const event = await test.db.event.findFirstOrThrow({ where: { streamId: `order-${id}` } })
    expect((await freshnessOf(db, 'sales')).asOf).toEqual(event.recordedAt)
    await delivery.everything()
    await moveAppliedMark(db, 'sales')
    expect((await freshnessOf(db, 'sales')).lagMs).toBe(0)
    const { appliedOutboxId } = await test.db.projection.findUniqueOrThrow({ where: { name: 'sales' } })
    expect(appliedOutboxId).toBe((await test.db.outbox.findFirstOrThrow({ orderBy: { id: 'desc' } })).id)
  })

  it('sees an event whose id was drawn early and that was committed late', async () => {
    const db = sqlOf(pool)
    await delivery.everything()
    const [drawn] = await test.db.$queryRaw<{ id: bigint }[]>`SELECT nextval('outbox_id_seq') AS id`
    const id = drawn?.id ?? 0n
    await test.admin.$executeRaw`SELECT setval('outbox_id_seq', ${id + 5000n})`
    await writeOrder(test.db, 'placed')
    await delivery.everything()
    await moveAppliedMark(db, 'sales')
    await test.db
      .$executeRaw`INSERT INTO events (stream_id, version, type, data) VALUES ('order-late', 1, 'CancelRequested', '{}')`
    await test.db.$executeRaw`INSERT INTO outbox (id, stream_id, version) VALUES (${id}, 'order-late', 1)`
    expect((await freshnessOf(db, 'sales')).asOf.getTime()).toBeLessThanOrEqual(Date.now())
    expect(await waitUntilApplied(db, 'sales', 'everything', 0)).toBe(false)
    await delivery.everything()
    expect(await waitUntilApplied(db, 'sales', 'everything', 0)).toBe(true)
  })
})

describe('a batch', () => {
  it('comes to the same rows as its events one by one, or in any parts, in at most three statements', async () => {
    const ids: string[] = []
    for (const end of ENDS) ids.push(await writeOrder(test.db, end, { customerId: `cus_${end}` }))
    const events = await test.db.event.findMany({
      where: { streamId: { in: ids.map((id) => `order-${id}`) } },
      orderBy: { outbox: { id: 'asc' } },
    })
    const oneByOne = events.map((event) => [event])
    const divisions = [[events], oneByOne, randomParts(events), randomParts(events), randomParts(events)]
    for (const projection of PROJECTIONS) {
      const statements: number[] = []
      const hashes = new Set<string>()
      for (const [n, parts] of divisions.entries()) {
        let count = 0
        const counted: Sql = {
          query(text, values) {
            count += 1
            return sqlOf(pool).query(text, values)
          },
        }
        for (const part of parts) await projection.apply(counted, 1000 + n, part)
        statements.push(count)
        hashes.add(await hashOf(sqlOf(pool), projection, 1000 + n))
      }
      expect([projection.name, hashes.size]).toEqual([projection.name, 1])
      expect(statements[0]).toBeLessThanOrEqual(3)
      expect(statements[1]).toBeGreaterThan(3)
    }
  })
})

/** In their order, cut at random places. */
function randomParts<T>(all: readonly T[]): T[][] {
  const parts: T[][] = []
  for (let from = 0; from < all.length;) {
    const to = from + 1 + Math.floor(Math.random() * 7)
    parts.push(all.slice(from, to))
    from = to
  }
  return parts
}
