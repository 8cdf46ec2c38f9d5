import { expect } from 'vitest'
import type { LedgerEntry } from '../../domain/saga/step.ts'
import { composeOrder, orderSaga } from '../../workflows/order/steps.ts'
import type { SagaDefinition } from '../../workflows/saga/definition.ts'
import type { Order, OrderWishes } from './api-client.ts'
import { stepsOf } from './saga-steps.ts'
import type { System } from './system.ts'
import { expectCompleted, type Trials } from './trials.ts'

const orderTrials = (definition: SagaDefinition, content: OrderWishes = {}): Trials<OrderWishes, Order> => ({
  definition,
  events: { opening: 'OrderPlaced', rejected: 'OrderRejected', cancelled: 'OrderCancelled' },
  // What is sold out is shipped: an order of digital products alone cannot ask for it.
  refusals:
    content.isShipped === false
      ? {}
      : { reserveInventory: { wishes: { lines: [{ sku: 'NONE-001', quantity: 1 }] }, code: 'OUT_OF_STOCK' } },
  place: (system, customerId, wishes) => system.api.place({ customerId, ...content, ...wishes }),
  show: (system, id) => system.api.order(id),
  cancel: (system, id) => system.api.cancel(id),
  eventTypes: (system, id) => system.api.eventTypes(id),
  async expectEffects(system, order, undone) {
    const done = undone ?? stepsOf(definition).map(({ name }) => name)
    await expectAtProviders(system, order, definition, undone)
    await (undone === undefined ? expectAllDone : expectNothingLeft)(system, order, done)
    // An order is read from several rows: it is compared when none of them is about to change.
    if (undone === undefined) await system.api.notified(order.id)
    // The events tell of it what its rows tell, to the last member.
    const today = await system.api.order(order.id)
    expect(await system.api.get(`/orders/${order.id}?asOfVersion=${today.version}`)).toEqual(today)
  },
})

export const ORDER_TRIALS = orderTrials(orderSaga)

/** The same without a workflow. */
export const CHOREOGRAPHED_TRIALS = orderTrials(orderSaga, { coordination: 'choreography' })

const DIGITAL: OrderWishes = { isShipped: false, lines: [{ sku: 'EBK-001', quantity: 2 }] }

/** Orders whose content asks for other steps, each by a step at which it differs from the plain one, or next to one. */
export const COMPOSED_TRIALS = [
  {
    what: 'a gift',
    at: 'wrapGift',
    trials: orderTrials(composeOrder({ isDigital: false, isGiftWrapped: true }), { giftWrap: true }),
  },
  {
    what: 'an order of digital products',
    at: 'awardPoints',
    trials: orderTrials(composeOrder({ isDigital: true, isGiftWrapped: false }), DIGITAL),
  },
  {
    what: 'a gift of digital products',
    at: 'chargePayment',
    trials: orderTrials(composeOrder({ isDigital: true, isGiftWrapped: true }), {
      ...DIGITAL,
      giftWrap: true,
    }),
  },
] as const

/** Completed: one effect of each step, in our tables and at the providers. */
export const expectOrderCompleted = (system: System, order: Order): Promise<void> =>
  expectCompleted(system, ORDER_TRIALS, order)

/** All of them were completed, and the system is as it must be. */
export async function expectOrdersCompleted(system: System, orders: readonly Order[]): Promise<void> {
  expect([...new Set(orders.map(({ status }) => status))]).toEqual(['completed'])
  for (const order of orders) await expectOrderCompleted(system, order)
  expect(await system.api.invariants()).toMatchObject({ ok: true })
}

/** Whatever the steps are: at its provider a step has one effect, which stands unless the step was undone. */
async function expectAtProviders(
  { api }: System,
  order: Order,
  definition: SagaDefinition,
  undone: readonly string[] | undefined,
): Promise<void> {
  const lists = await api.ledger(order.id)
  for (const { name, ledger } of stepsOf(definition)) {
    if (ledger === undefined) continue
    const { collection, live, isRight = () => true } = ledger
    const entries = (lists[collection] ?? []).filter(({ key }) => key.endsWith(`:${name}`)) as LedgerEntry[]
    const [first] = entries
    const hadEffect = undone === undefined || undone.includes(name)
    expect([name, entries.map(({ state }) => state === live)]).toEqual([
      name,
      hadEffect ? [undone === undefined] : [],
    ])
    if (first !== undefined)
      expect([name, isRight(first, { ...order, amountMinor: order.totalMinor })]).toEqual([name, true])
  }
}

/** What the participants of today promise, spelt out: the rows, the money and the parcels. */
async function expectAllDone(system: System, order: Order, done: readonly string[]): Promise<void> {
  const ledger = await system.api.ledger(order.id)
  expect(ledger.charges.map(({ state, amountMinor }) => [state, amountMinor])).toEqual([
    ['charged', order.totalMinor],
  ])
  expect(ledger.refunds).toEqual([])
  expect(ledger.shipments.map(({ state }) => state)).toEqual(
    done.includes('createShipment') ? ['created'] : [],
  )
  const { loyalty, movements, wrappings } = await effects(system, order)
  expect(wrappings).toEqual(done.includes('wrapGift') ? ['wrapped'] : [])
  expect(loyalty).toBe(Math.floor(order.totalMinor / 100))
  expect(movements).toEqual(order.lines.flatMap(({ sku }) => [`reserved ${sku}`, `sold ${sku}`]))
}

async function expectNothingLeft(system: System, order: Order, undone: readonly string[]): Promise<void> {
  const ledger = await system.api.ledger(order.id)
  expect(ledger.charges.map(({ state }) => state)).toEqual(
    undone.includes('chargePayment') ? ['refunded'] : [],
  )
  expect(ledger.refunds).toHaveLength(ledger.charges.length)
  expect(ledger.shipments.map(({ state }) => state)).toEqual(
    undone.includes('createShipment') ? ['cancelled'] : [],
  )
  const { loyalty, movements, wrappings } = await effects(system, order)
  expect(wrappings).toEqual(undone.includes('wrapGift') ? ['unwrapped', 'wrapped'] : [])
  expect(loyalty).toBe(0)
  expect(movements).toEqual(
    undone.includes('reserveInventory')
      ? order.lines.flatMap(({ sku }) => [`reserved ${sku}`, `released ${sku}`])
      : [],
  )
}

async function effects({ db }: System, order: Order) {
  const wrappings = await db.giftWrapping.findMany({ where: { orderId: order.id }, orderBy: { kind: 'asc' } })
  const entries = await db.loyaltyEntry.findMany({ where: { orderId: order.id } })
  const movements = await db.stockMovement.findMany({ where: { orderId: order.id } })
  // What was reserved comes first also where its end falls into the same millisecond.
  const inOrder = movements.toSorted(
    (one, other) =>
      one.recordedAt.getTime() - other.recordedAt.getTime() ||
      Number(other.kind === 'reserved') - Number(one.kind === 'reserved'),
  )
  return {
    wrappings: wrappings.map(({ kind }) => kind),
    loyalty: entries.reduce((sum, { points }) => sum + Number(points), 0),
    movements: inOrder.map(({ kind, sku }) => `${kind} ${sku}`),
  }
}
