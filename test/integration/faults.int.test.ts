import { describe, expect, it as base } from 'vitest'
import { orderSaga } from '../../workflows/order/steps.ts'
import type { Order } from '../harness/api-client.ts'
import { heldUntilCancelWished } from '../harness/holds.ts'
import { inMatrix } from '../harness/matrix.ts'
import { expectOrdersCompleted } from '../harness/order-trials.ts'
import { until } from '../harness/poll.ts'
import { participantsOf } from '../harness/saga-steps.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'

/** What is broken is broken for a whole system: each test has one of its own. */
const it = base.extend<{ system: System }>({
  // oxlint-disable-next-line no-empty-pattern -- Vitest reads from the pattern what the fixture needs: nothing.
  system: async ({}, use) => {
    const system = await startSystem({ input: { pace: 0.1 }, participants: participantsOf(orderSaga) })
    await use(system)
    await system.close()
  },
})

describe.concurrent('a payment gateway that is down', () => {
  it('lets orders wait, in sight, and fails none; when it is back they are completed', async ({ system }) => {
    await system.world.break({ payment: 'down' })
    const orders = await Promise.all(Array.from({ length: 20 }, () => system.api.place()))
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
    await expectOrdersCompleted(system, await Promise.all(orders.map(({ id }) => system.api.ended(id))))
    expect(await system.api.dependency('payment')).toMatchObject({ waiting: 0 })
  })

  it('lets a single order wait too, although that opens no breaker', async ({ system }) => {
    await system.world.break({ payment: 'down' })
    const order = await system.api.place()
    await system.api.reached(order.id, 'waiting')
    await system.world.mend()
    await expectOrdersCompleted(system, [await system.api.ended(order.id)])
  })

  it('lets orders wait too while it answers what is no word about them', async ({ system }) => {
    for (const trouble of ['garbage', 'unauthorized', 'in_progress'] as const) {
      await system.world.break({ payment: trouble })
      const orders = await Promise.all([system.api.place(), system.api.place()])
      await Promise.all(orders.map(({ id }) => system.api.reached(id, 'waiting')))
      await system.world.mend()
      await expectOrdersCompleted(system, await Promise.all(orders.map(({ id }) => system.api.ended(id))))
    }
  })

  it('is waited for by a compensation too, which is made when it is back', async ({ system }) => {
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

/** In turn: the faults are spread over the calls, so that no order meets more of them than it has attempts. */
async function runInTurn({ api }: System): Promise<Order[]> {
  const orders: Order[] = []
  for (let n = 0; n < inMatrix({ whole: 15, otherwise: 6 }); n += 1) orders.push(await api.run())
  return orders
}

describe.concurrent('both providers', () => {
  it.for([
    { trouble: 'flaky', percent: 30 },
    { trouble: 'drop', percent: 30 },
    { trouble: 'limited', percent: 25 },
    { trouble: 'slow', percent: 20 },
  ] as const)(
    'that are $trouble at $percent % of their calls let every order be completed once',
    async ({ trouble, percent }, { system }) => {
      await system.world.break({ payment: trouble, shipping: trouble, percent })
      const orders = await runInTurn(system)
      await system.world.mend()
      await expectOrdersCompleted(system, orders)
    },
  )

  it('that answer a tail of their calls too late let every order be completed once', async ({ system }) => {
    await system.world.break({ tail: { percent: 20, ms: 1500 } })
    const orders = await runInTurn(system)
    await system.world.mend()
    await expectOrdersCompleted(system, orders)
  })
})
