import { expect } from 'vitest'
import type { LedgerEntry } from '../../domain/saga/step.ts'
import { orderSaga } from '../../workflows/order/steps.ts'
import type { Order, OrderWishes } from './api-client.ts'
import { stepsOf } from './saga-steps.ts'
import type { System } from './system.ts'
import { expectCompleted, type Trials } from './trials.ts'

export const ORDER_TRIALS: Trials<OrderWishes, Order> = {
  definition: orderSaga,
  events: { opening: 'OrderPlaced', rejected: 'OrderRejected', cancelled: 'OrderCancelled' },
  refusals: {
    reserveInventory: { wishes: { lines: [{ sku: 'NONE-001', quantity: 1 }] }, code: 'OUT_OF_STOCK' },
  },
  place: (system, customerId, wishes) => system.api.place({ customerId, ...wishes }),
  show: (system, id) => system.api.order(id),
  cancel: (system, id) => system.api.cancel(id),
  eventTypes: (system, id) => system.api.eventTypes(id),
  async expectEffects(system, order, undone) {
    await expectAtProviders(system, order, undone)
    await (undone === undefined ? expectAllDone(system, order) : expectNothingLeft(system, order, undone))
    // An order is read from several rows: it is compared when none of them is about to change.
    if (undone === undefined) await system.api.notified(order.id)
    // The events tell of it what its rows tell, to the last member.
    const today = await system.api.order(order.id)
    expect(await system.api.get(`/orders/${order.id}?asOfVersion=${today.version}`)).toEqual(today)
  },
}

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
  undone: readonly string[] | undefined,
): Promise<void> {
  const lists = await api.ledger(order.id)
  for (const { name, ledger } of stepsOf(orderSaga)) {
    if (ledger === undefined) continue
    const { collection, live, isRight = () => true } = ledger
    const entries = (lists[collection] ?? []).filter(({ key }) => key.endsWith(`:${name}`)) as LedgerEntry[]
    const [first] = entries
    const hadEffect = undone === undefined || undone.includes(name)
    expect([name, entries.map(({ state }) => state === live)]).toEqual([
      name,
      hadEffect ? [undone === undefined] : [],
    ])
    if (first !== undefined) expect([name, isRight(first, order)]).toEqual([name, true])
  }
}

/** What the participants of today promise, spelt out: the rows, the money and the parcels. */
async function expectAllDone(system: System, order: Order): Promise<void> {
  const ledger = await system.api.ledger(order.id)
  expect(ledger.charges.map(({ state, amountMinor }) => [state, amountMinor])).toEqual([
    ['charged', order.totalMinor],
  ])
  expect(ledger.refunds).toEqual([])
  expect(ledger.shipments.map(({ state }) => state)).toEqual(['created'])
  const { loyalty, movements } = await effects(system, order)
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
  const { loyalty, movements } = await effects(system, order)
  expect(loyalty).toBe(0)
  expect(movements).toEqual(
    undone.includes('reserveInventory')
      ? order.lines.flatMap(({ sku }) => [`reserved ${sku}`, `released ${sku}`])
      : [],
  )
}

async function effects({ db }: System, order: Order): Promise<{ loyalty: number; movements: string[] }> {
  const entries = await db.loyaltyEntry.findMany({ where: { orderId: order.id } })
  const movements = await db.stockMovement.findMany({ where: { orderId: order.id } })
  // What was reserved comes first also where its end falls into the same millisecond.
  const inOrder = movements.toSorted(
    (one, other) =>
      one.recordedAt.getTime() - other.recordedAt.getTime() ||
      Number(other.kind === 'reserved') - Number(one.kind === 'reserved'),
  )
  return {
    loyalty: entries.reduce((sum, { points }) => sum + Number(points), 0),
    movements: inOrder.map(({ kind, sku }) => `${kind} ${sku}`),
  }
}
