import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { orderBody, type Order } from '../harness/api-client.ts'
import { inMatrix } from '../harness/matrix.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'

let system: System
beforeAll(async () => {
  system = await startSystem()
})
afterAll(() => system.close())

const count = (orders: Order[], status: Order['status']) =>
  orders.filter((order) => order.status === status).length

describe('many at once', () => {
  it('100 orders for the last 10 of a product: exactly 10 get it', async () => {
    const orders = await Promise.all(
      Array.from({ length: 100 }, () => system.api.run({ lines: [{ sku: 'LAST-001', quantity: 1 }] })),
    )
    expect([count(orders, 'completed'), count(orders, 'rejected')]).toEqual([10, 90])
    expect(new Set(orders.map(({ reason }) => reason?.code))).toEqual(new Set([undefined, 'OUT_OF_STOCK']))
    expect(await system.api.product('LAST-001')).toMatchObject({ available: 0, reserved: 0, sold: 10 })
  })

  it('hundreds of orders with the same two products in opposite order: no deadlock, and none fails', async () => {
    const buyers = inMatrix({ whole: 400, otherwise: 100 })
    const there = [
      { sku: 'COF-001', quantity: 1 },
      { sku: 'COF-002', quantity: 2 },
    ]
    const orders = await Promise.all(
      Array.from({ length: buyers }, (_, index) =>
        system.api.run({ lines: index % 2 === 0 ? there : there.toReversed() }),
      ),
    )
    expect(count(orders, 'completed')).toBe(buyers)
    const [row] = await system.db.$queryRaw<{ deadlocks: bigint }[]>`
      SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`
    expect(row?.deadlocks).toBe(0n)
    expect(await system.api.product('COF-001')).toMatchObject({
      available: 1_000_000 - buyers,
      reserved: 0,
      sold: buyers,
    })
    expect(await system.api.product('COF-002')).toMatchObject({
      available: 1_000_000 - 2 * buyers,
      reserved: 0,
      sold: 2 * buyers,
    })
  })

  it('50 requests with one key: one order and one workflow', async () => {
    const key = randomUUID()
    const answers = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const response = await system.api.post('/orders', orderBody({ customerId: 'cus_twin' }), {
          'idempotency-key': key,
        })
        return {
          status: response.status,
          isReplay: response.headers.get('idempotent-replayed'),
          location: response.headers.get('location'),
          body: await response.text(),
        }
      }),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]))
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1)
    expect(new Set(answers.map(({ location }) => location)).size).toBe(1)
    expect(answers.filter(({ isReplay }) => isReplay === null)).toHaveLength(1)
    const { data } = await system.api.get<{ data: Order[] }>('/orders?customerId=cus_twin')
    expect(data).toHaveLength(1)
    await system.api.ended(data[0]?.id ?? '')
    const { charges } = await system.api.ledger(data[0]?.id)
    expect(charges).toHaveLength(1)
  })

  it('ten cancels of one order: all are accepted, and it is cancelled once', async () => {
    await system.stopWorkers()
    const { id } = await system.api.place()
    const answers = await Promise.all(Array.from({ length: 10 }, () => system.api.cancel(id)))
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 202))
    await system.startWorkers()
    expect(await system.api.ended(id)).toMatchObject({
      status: 'cancelled',
      reason: { code: 'CANCELLED_BY_CUSTOMER' },
    })
    expect(await system.api.eventTypes(id)).toEqual([
      'OrderPlaced',
      'CancelRequested',
      'CompensationBegun',
      'OrderCancelled',
    ])
    expect((await system.api.cancel(id)).status).toBe(200)
  })
})
