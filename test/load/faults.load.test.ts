import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Order } from '../harness/api-client.ts'
import { heldUntilCancelWished } from '../harness/holds.ts'
import { expectOrderCompleted } from '../harness/order-trials.ts'
import { until } from '../harness/poll.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'

let system: System
beforeEach(async () => {
  system = await startSystem({ input: { pace: 0.1 } })
})
afterEach(() => system.close())

const place = (orders: number) => Promise.all(Array.from({ length: orders }, () => system.api.place()))
const ended = (orders: Order[], patienceMs?: number) =>
  Promise.all(orders.map(({ id }) => system.api.ended(id, patienceMs)))
const statuses = (orders: Order[]) => [...new Set(orders.map(({ status }) => status))]

async function expectSound(orders: Order[]): Promise<void> {
  for (const order of orders) await expectOrderCompleted(system, order)
  expect(await system.api.invariants()).toMatchObject({ ok: true })
}

describe('a payment gateway that is down', () => {
  it('lets orders wait, in sight, and fails none; when it is back they are completed', async () => {
    await system.world.break({ payment: 'down' })
    const orders = await place(20)
    await until('every order to wait', async () => {
      const { data } = await system.api.get<{ data: Order[] }>('/orders?status=waiting&limit=100')
      return data.length === orders.length ? true : undefined
    })
    await until('the breaker to be open', async () => {
      const dependency = await system.api.dependency('payment')
      return dependency?.breaker === 'open' && dependency.waiting === orders.length ? true : undefined
    })
    expect(await system.api.dependency('shipping')).toMatchObject({ breaker: 'closed', waiting: 0 })
    const waiting = await system.api.order(orders[0]?.id ?? '')
    expect(waiting.steps.find(({ name }) => name === 'chargePayment')).toMatchObject({
      state: 'waiting',
      compensation: 'none',
    })
    await system.world.mend()
    const all = await ended(orders)
    expect(statuses(all)).toEqual(['completed'])
    await expectSound(all)
    expect(await system.api.dependency('payment')).toMatchObject({ waiting: 0 })
  })

  it('lets a single order wait too, although that opens no breaker', async () => {
    await system.world.break({ payment: 'down' })
    const order = await system.api.place()
    await system.api.reached(order.id, 'waiting')
    await system.world.mend()
    await expectSound([await system.api.ended(order.id)])
  })

  it('is waited for by a compensation too, which is made when it is back', async () => {
    system.interferences.plan('cus_refunded', 'createShipment', heldUntilCancelWished(system.db))
    const order = await system.api.place({ customerId: 'cus_refunded' })
    await until('the charge', async () =>
      (await system.api.eventTypes(order.id)).includes('PaymentCharged') ? true : undefined,
    )
    await system.world.break({ payment: 'down' })
    await system.api.cancel(order.id)
    await until('the refund to be due', async () => {
      const { status, steps } = await system.api.order(order.id)
      const charge = steps.find(({ name }) => name === 'chargePayment')
      return status === 'compensating' && charge?.compensation === 'running' ? true : undefined
    })
    expect(await system.api.parked()).toEqual([])
    await system.world.mend()
    expect(await system.api.ended(order.id)).toMatchObject({ status: 'cancelled' })
    expect((await system.api.ledger(order.id)).charges.map(({ state }) => state)).toEqual(['refunded'])
  })
})

describe('a provider that is killed and revived under 200 orders', () => {
  it('fails none of them, and its breaker opens, tries and closes', async () => {
    const orders = await place(100)
    system.world.kill()
    orders.push(...(await place(100)))
    await until('the breaker to open', () =>
      system.breakerMoves.includes('payment open') ? true : undefined,
    )
    await system.world.revive()
    const all = await ended(orders, 300_000)
    expect(statuses(all)).toEqual(['completed'])
    await expectSound(all)
    expect(system.breakerMoves).toEqual(
      expect.arrayContaining(['payment open', 'payment half-open', 'payment closed']),
    )
    // Two hundred orders, each compared with its events, take their time on a busy machine.
  }, 600_000)
})

describe('both providers', () => {
  it.each([
    { trouble: 'flaky', percent: 30 },
    { trouble: 'drop', percent: 30 },
    { trouble: 'limited', percent: 25 },
    { trouble: 'slow', percent: 20 },
  ] as const)(
    'that are $trouble at $percent % of their calls let every order be completed once',
    async ({ trouble, percent }) => {
      await system.world.break({ payment: trouble, shipping: trouble, percent })
      // In turn: the faults are spread over the calls, so that no order meets more of them than it has attempts.
      const all: Order[] = []
      for (let n = 0; n < 15; n += 1) all.push(await system.api.run())
      await system.world.mend()
      expect(statuses(all)).toEqual(['completed'])
      await expectSound(all)
    },
  )
})
