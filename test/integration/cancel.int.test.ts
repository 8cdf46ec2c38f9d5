import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Order } from '../harness/api-client.ts'
import { failingUntilCancelWished, heldUntilCancelWished, untilReleased } from '../harness/holds.ts'
import { until } from '../harness/poll.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'

/** The table of docs/rules/cancel-and-operators.md: what a cancel comes to in every state of an order. */
let system: System
/** A system whose workers are away, so that an order stays as it was placed. */
let idle: System
beforeAll(async () => {
  system = await startSystem({ input: { pace: 0.1 } })
  idle = await startSystem({ workers: false })
})
afterAll(async () => {
  await system.close()
  await idle.close()
})

interface Row {
  state: string
  answer: 200 | 202 | 409
  ends: Order['status']
  /** Leads an order into the state; answers its id. */
  arrange: () => Promise<string>
  /** Lets it leave the state, once the cancel is answered. */
  release?: () => void
}

const has = async (id: string, type: string) =>
  (await system.api.eventTypes(id)).includes(type) ? true : undefined
const placed = async (wishes: Parameters<System['api']['place']>[0]) => (await system.api.place(wishes)).id

const [compensating, parkedBack] = [untilReleased(), untilReleased()]

const TABLE: Row[] = [
  {
    state: 'processing, while the outcome of a step is unknown',
    answer: 202,
    ends: 'cancelled',
    async arrange() {
      // The first attempt gets no answer, and the next one would ask by key.
      const next = heldUntilCancelWished(system.db)
      let attempts = 0
      system.interferences.plan('cus_unknown', 'chargePayment', {
        kind: 'preceded',
        by: async (id) => {
          attempts += 1
          if (attempts > 1) await next.by(id)
        },
      })
      const id = await placed({ customerId: 'cus_unknown', paymentMethod: 'pm_hang' })
      await until('the charge to be made', async () =>
        (await system.api.ledger(id)).charges.length > 0 ? true : undefined,
      )
      return id
    },
  },
  {
    state: 'processing, before the pivot',
    answer: 202,
    ends: 'cancelled',
    async arrange() {
      system.interferences.plan('cus_charged', 'createShipment', heldUntilCancelWished(system.db))
      const id = await placed({ customerId: 'cus_charged' })
      await until('the charge to be recorded', () => has(id, 'PaymentCharged'))
      return id
    },
  },
  {
    state: 'waiting',
    answer: 202,
    ends: 'cancelled',
    async arrange() {
      const id = await placed({ paymentMethod: 'pm_rate_limited_9999' })
      return (await system.api.reached(id, 'waiting')).id
    },
  },
  {
    state: 'parked on the way forward',
    answer: 202,
    ends: 'cancelled',
    async arrange() {
      const pivot = failingUntilCancelWished(system.db)
      system.interferences.plan('cus_parked_forward', 'completeOrder', pivot)
      const id = await placed({ customerId: 'cus_parked_forward' })
      return (await system.api.reached(id, 'parked')).id
    },
  },
  {
    state: 'compensating',
    answer: 202,
    ends: 'rejected',
    async arrange() {
      system.interferences.plan('cus_compensating', 'refundPayment', compensating.held)
      const id = await placed({ customerId: 'cus_compensating', service: 'refused' })
      return (await system.api.reached(id, 'compensating')).id
    },
    release: compensating.release,
  },
  {
    state: 'parked on the way back',
    answer: 202,
    ends: 'rejected',
    async arrange() {
      system.interferences.plan('cus_parked_back', 'refundPayment', parkedBack.failing)
      const id = await placed({ customerId: 'cus_parked_back', service: 'refused' })
      return (await system.api.reached(id, 'parked')).id
    },
    release: parkedBack.release,
  },
  {
    state: 'completed',
    answer: 409,
    ends: 'completed',
    arrange: async () => (await system.api.run()).id,
  },
  {
    state: 'rejected',
    answer: 409,
    ends: 'rejected',
    arrange: async () => (await system.api.run({ paymentMethod: 'pm_declined' })).id,
  },
  {
    state: 'cancelled',
    answer: 200,
    ends: 'cancelled',
    async arrange() {
      const id = await placed({ paymentMethod: 'pm_rate_limited_9999' })
      await system.api.cancel(id)
      return (await system.api.ended(id)).id
    },
  },
]

/** What the event of the wish says: who it was, and none of the words. */
const wishOf = async ({ api }: System, id: string) =>
  (await api.events(id)).find(({ type }) => type === 'CancelRequested')?.data

describe.concurrent('a cancel of an order that is', () => {
  it.each(TABLE)(
    '$state is answered with $answer, and the order ends $ends',
    async ({ arrange, release, answer, ends }) => {
      const id = await arrange()
      const response = await system.api.cancel(id)
      release?.()
      expect(response.status).toBe(answer)
      const order = await system.api.ended(id)
      expect(order.status).toBe(ends)
      const { charges } = await system.api.ledger(id)
      const live = charges.filter(({ state }) => state === 'charged')
      expect(live).toHaveLength(ends === 'completed' ? 1 : 0)
      if (ends === 'cancelled') expect(order.reason?.code).toBe('CANCELLED_BY_CUSTOMER')
    },
  )

  it('waiting, from Temporal’s side, is the same wish', async () => {
    const { id, workflow } = await system.api.place({ paymentMethod: 'pm_rate_limited_9999' })
    await system.api.reached(id, 'waiting')
    await system.client.workflow.getHandle(workflow.id).cancel()
    expect(await system.api.ended(id)).toMatchObject({
      status: 'cancelled',
      reason: { code: 'CANCELLED_BY_CUSTOMER' },
    })
    expect(await wishOf(system, id)).toEqual({ by: 'temporal' })
  })

  it('pending, before its first workflow task, is kept until its workflow runs', async () => {
    const { id } = await idle.api.place()
    expect((await idle.api.cancel(id)).status).toBe(202)
    expect(await idle.api.order(id)).toMatchObject({ status: 'pending', reason: null })
    await idle.startWorkers()
    expect(await idle.api.ended(id)).toMatchObject({ status: 'cancelled' })
    expect(await idle.api.eventTypes(id)).toEqual([
      'OrderPlaced',
      'CancelRequested',
      'CompensationBegun',
      'OrderCancelled',
    ])
    expect(await wishOf(idle, id)).toEqual({ by: 'developer' })
    await idle.stopWorkers()
  })

  it('no order is 404', async () => {
    expect((await system.api.cancel('01a00000-0000-7000-8000-000000000000')).status).toBe(404)
  })
})

describe('afterwards', () => {
  it('every invariant holds', async () => {
    expect(await system.api.invariants()).toMatchObject({ ok: true })
  })
})
