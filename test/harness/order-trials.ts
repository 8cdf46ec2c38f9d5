import { expect } from 'vitest'
import { ATTEMPTS } from '../../workflows/saga/policies.ts'
import { orderSaga } from '../../workflows/order/steps.ts'
import type { Order, OrderWishes } from './api-client.ts'
import {
  AT_A_ROW,
  EVERY_ATTEMPT,
  expectCompleted,
  faults,
  losesReply,
  type Hardship,
  type Trials,
} from './failure-matrix.ts'
import type { System } from './system.ts'

const AT_PAYMENT: Record<string, Hardship<OrderWishes>> = {
  'fails twice': { wishes: { paymentMethod: 'pm_flaky_2' } },
  'loses its reply': { wishes: { paymentMethod: 'pm_lost_reply_1' } },
  'is slow': { wishes: { paymentMethod: 'pm_slow_1200' } },
  hangs: { wishes: { paymentMethod: 'pm_hang' } },
  'is limited': { wishes: { paymentMethod: 'pm_rate_limited_1' } },
}
const AT_THE_CARRIER: Record<string, Hardship<OrderWishes>> = {
  'fails twice': { wishes: { service: 'flaky_2' } },
  'loses its reply': { wishes: { service: 'lost_reply_1' } },
  'is slow': { wishes: { service: 'slow_1200' } },
  hangs: { wishes: { service: 'hang' } },
}

/** How each step of an order meets each trouble and each hardship. */
export const ORDER_TRIALS: Trials<OrderWishes, Order> = {
  definition: orderSaga,
  troubles: {
    reserveInventory: {
      refuses: { wishes: { lines: [{ sku: 'NONE-001', quantity: 1 }] }, code: 'OUT_OF_STOCK' },
      'faults beyond its attempts': { interference: faults(EVERY_ATTEMPT), code: 'STEP_FAILED' },
      'loses its reply': { interference: losesReply },
    },
    chargePayment: {
      refuses: { wishes: { paymentMethod: 'pm_declined' }, code: 'PAYMENT_DECLINED' },
      'faults beyond its attempts': {
        wishes: { paymentMethod: `pm_flaky_${EVERY_ATTEMPT}` },
        code: 'STEP_FAILED',
        isBegun: true,
      },
      'loses its reply': { wishes: { paymentMethod: 'pm_lost_reply_1' } },
    },
    createShipment: {
      refuses: { wishes: { service: 'refused' }, code: 'SHIPMENT_REFUSED' },
      'faults beyond its attempts': {
        wishes: { service: `flaky_${EVERY_ATTEMPT}` },
        code: 'STEP_FAILED',
        isBegun: true,
      },
      'loses its reply': { wishes: { service: 'lost_reply_1' } },
    },
    awardPoints: {
      refuses: { isCancelledFirst: true, code: 'CANCELLED_BY_CUSTOMER' },
      'faults beyond its attempts': { interference: faults(EVERY_ATTEMPT), code: 'STEP_FAILED' },
      'loses its reply': { interference: losesReply },
    },
    completeOrder: {
      refuses: { isCancelledFirst: true, code: 'CANCELLED_BY_CUSTOMER' },
      // Its attempts are not limited: it is parked in between, and still gets its answer.
      'faults beyond its attempts': { interference: faults(ATTEMPTS.untilAnswered) },
      'loses its reply': { interference: losesReply },
    },
  },
  hardships: {
    reserveInventory: AT_A_ROW,
    chargePayment: AT_PAYMENT,
    createShipment: AT_THE_CARRIER,
    awardPoints: AT_A_ROW,
    completeOrder: AT_A_ROW,
  },
  events: {
    opening: 'OrderPlaced',
    rejected: 'OrderRejected',
    cancelled: 'OrderCancelled',
    steps: {
      reserveInventory: { done: 'InventoryReserved', undone: 'InventoryReleased' },
      chargePayment: { done: 'PaymentCharged', undone: 'PaymentRefunded', undoneUnseen: 'PaymentVoided' },
      createShipment: {
        done: 'ShipmentCreated',
        undone: 'ShipmentCancelled',
        undoneUnseen: 'ShipmentVoided',
      },
      awardPoints: { done: 'PointsAwarded', undone: 'PointsRevoked' },
    },
  },
  run: (system, customerId, wishes) => system.api.run({ customerId, ...wishes }),
  cancel: (system, id) => system.api.cancel(id),
  eventTypes: (system, id) => system.api.eventTypes(id),
  async expectEffects(system, order, undone) {
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
