import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { COORDINATIONS, type Coordination } from '../../domain/saga/coordination.ts'
import type { Order, OrderWishes } from '../harness/api-client.ts'
import { faults } from '../harness/failure-matrix.ts'
import { until } from '../harness/poll.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'

/** One order of each outcome through both coordinations: they end alike. */
let system: System
beforeAll(async () => {
  system = await startSystem({ events: true, choreography: true, input: { pace: 0.02 } })
})
afterAll(() => system.close())

const operate = (id: string, action: 'retry' | 'skip', step: string) =>
  system.api.post(`/operations/orders/${id}/${action}`, { step, reason: 'to see it end' })

interface Outcome {
  what: string
  wishes?: OrderWishes
  /** What is done to it on its way. */
  meanwhile?: (order: Order) => Promise<unknown>
  /** What goes wrong in our own code at a step, by the customer. */
  plan?: (customerId: string) => void
}

const OUTCOMES: Outcome[] = [
  { what: 'is completed' },
  { what: 'is a gift', wishes: { giftWrap: true } },
  { what: 'is digital', wishes: { isShipped: false, lines: [{ sku: 'EBK-001', quantity: 1 }] } },
  { what: 'is out of stock', wishes: { lines: [{ sku: 'NONE-001', quantity: 1 }] } },
  { what: 'is declined', wishes: { paymentMethod: 'pm_declined' } },
  { what: 'cannot be shipped, as a gift', wishes: { service: 'refused', giftWrap: true } },
  { what: 'meets a flaky gateway', wishes: { paymentMethod: 'pm_flaky_3' } },
  { what: 'meets a gateway that fails for good', wishes: { paymentMethod: 'pm_flaky_6' } },
  { what: 'loses a reply', wishes: { paymentMethod: 'pm_lost_reply_1' } },
  { what: 'is charged less than was asked', wishes: { paymentMethod: 'pm_partial' } },
  { what: 'waits for a decision', wishes: { paymentMethod: 'pm_pending_500' } },
  { what: 'is limited for a while', wishes: { paymentMethod: 'pm_rate_limited_3' } },
  {
    what: 'is cancelled while it waits',
    wishes: { paymentMethod: 'pm_rate_limited_9999' },
    async meanwhile({ id }) {
      await system.api.reached(id, 'waiting')
      expect((await system.api.cancel(id)).status).toBe(202)
    },
  },
  {
    what: 'has a refund that fails for long, and is tried again by an operator',
    wishes: { paymentMethod: 'pm_refund_fails_12', service: 'refused' },
    async meanwhile({ id }) {
      await system.api.reached(id, 'parked')
      expect((await operate(id, 'retry', 'chargePayment')).status).toBe(202)
    },
  },
  {
    what: 'has a refund that never succeeds, and is written off',
    wishes: { paymentMethod: 'pm_refund_fails', service: 'refused' },
    async meanwhile({ id }) {
      await until('the undo after it', async () =>
        (await system.api.eventTypes(id)).includes('InventoryReleased') ? true : undefined,
      )
      await until('the skip to be taken', async () => {
        const { status } = await operate(id, 'skip', 'chargePayment')
        return status === 202 ? true : undefined
      })
    },
  },
  {
    what: 'has a pivot that gets no answer for a round',
    plan: (customerId) => system.interferences.plan(customerId, 'completeOrder', faults(9)),
  },
]

const run = async ({ wishes, meanwhile, plan }: Outcome, coordination: Coordination, customerId: string) => {
  plan?.(customerId)
  const placed = await system.api.place({ ...wishes, customerId, coordination })
  await meanwhile?.(placed)
  if ((await system.api.ended(placed.id, 120_000)).status === 'completed')
    await system.api.notified(placed.id)
  const order = await system.api.order(placed.id)
  const { charges, shipments, refunds } = await system.api.ledger(order.id)
  const movements = await system.db.stockMovement.findMany({
    where: { orderId: order.id },
    orderBy: [{ sku: 'asc' }, { kind: 'asc' }],
  })
  return {
    status: order.status,
    reason: order.reason,
    definition: order.definition,
    steps: order.steps.map(({ name, state, compensation }) => [name, state, compensation]),
    ledger: [charges, shipments, refunds].map((rows) => rows.map(unnamed)),
    movements: movements.map(({ kind, sku, quantity }) => [kind, sku, quantity]),
    points: (await system.api.loyalty(customerId)).balance,
    // How often a step was held up on its way depends on how long things take.
    events: (await system.api.eventTypes(order.id)).filter((type) => type !== 'CompensationDelayed'),
  }
}

/** A row of a ledger without what names it and its time. */
const unnamed = (row: object) =>
  Object.fromEntries(Object.entries(row).filter(([name]) => !/(key|id|at|number|ref)$/i.test(name)))

describe.concurrent('an order that', () => {
  it.each(OUTCOMES)('$what ends alike with and without a workflow', async (outcome) => {
    const party = `cus_${OUTCOMES.indexOf(outcome)}`
    const [one, other] = await Promise.all(
      COORDINATIONS.map((coordination) => run(outcome, coordination, `${party}_${coordination}`)),
    )
    expect(other).toEqual(one)
  })
})

describe('afterwards', () => {
  it('every invariant holds', async () => {
    expect(await system.api.invariants()).toMatchObject({ ok: true })
  })
})
