import { expect } from 'vitest'
import { ATTEMPTS } from '../../workflows/saga/policies.ts'
import { ORDER_SAGA } from '../../workflows/order/contract.ts'
import { orderSaga } from '../../workflows/order/steps.ts'
import type { Order, OrderWishes } from './api-client.ts'
import type { Interference } from './interference.ts'
import type { System } from './system.ts'

export const TROUBLES = ['refuses', 'faults beyond its attempts', 'loses its reply'] as const
export type Trouble = (typeof TROUBLES)[number]

interface Arrangement {
  wishes?: OrderWishes
  /** For a step without a provider that could be told to misbehave. */
  interference?: Interference | ((system: System) => Interference)
  /** The code with which the order then ends, where it is not completed. */
  code?: string
  /** Whether the step is begun, so that its own undo is due. */
  isBegun?: boolean
}

const EVERY_ATTEMPT = ATTEMPTS.giveUp
const faults = (times: number): Interference => ({ kind: 'faults', times })
const losesReply: Interference = { kind: 'loses its reply', times: 1 }
const cancelledFirst = (system: System): Interference => ({
  kind: 'preceded',
  by: (id) => system.api.cancel(id),
})

/** How each step of the definition meets each trouble. A new step has no entry, and its tests then say so. */
const ARRANGEMENTS: Record<string, Record<Trouble, Arrangement>> = {
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
    refuses: { interference: cancelledFirst, code: 'CANCELLED_BY_CUSTOMER' },
    'faults beyond its attempts': { interference: faults(EVERY_ATTEMPT), code: 'STEP_FAILED' },
    'loses its reply': { interference: losesReply },
  },
  completeOrder: {
    refuses: { interference: cancelledFirst, code: 'CANCELLED_BY_CUSTOMER' },
    // Its attempts are not limited: it is parked in between, and still gets its answer.
    'faults beyond its attempts': { interference: faults(ATTEMPTS.untilAnswered) },
    'loses its reply': { interference: losesReply },
  },
}

const EVENTS: Record<string, { done: string; undone: string; undoneUnseen?: string }> = {
  reserveInventory: { done: 'InventoryReserved', undone: 'InventoryReleased' },
  chargePayment: { done: 'PaymentCharged', undone: 'PaymentRefunded', undoneUnseen: 'PaymentVoided' },
  createShipment: { done: 'ShipmentCreated', undone: 'ShipmentCancelled', undoneUnseen: 'ShipmentVoided' },
  awardPoints: { done: 'PointsAwarded', undone: 'PointsRevoked' },
}

/** Every step up to the pivot, with every trouble. */
export const MATRIX = [...orderSaga.compensatable, orderSaga.pivot].flatMap(({ execute: step }) =>
  TROUBLES.map((trouble) => ({ step, trouble })),
)

/** Runs one order into its trouble, and expects of every table and of the providers what the definition predicts. */
export async function runIntoTrouble(system: System, step: string, trouble: Trouble): Promise<Order> {
  const arrangement = ARRANGEMENTS[step]?.[trouble]
  if (arrangement === undefined)
    throw new Error(`test/harness/failure-matrix.ts does not say how ${step} ${trouble}`)
  const customerId = `cus_${step}_${TROUBLES.indexOf(trouble)}`
  const { interference } = arrangement
  if (interference !== undefined) {
    system.interferences.plan(
      customerId,
      step,
      typeof interference === 'function' ? interference(system) : { ...interference },
    )
  }
  const order = await system.api.run({ customerId, ...arrangement.wishes })
  if (arrangement.code === undefined) await expectCompleted(system, order)
  else await expectUndone(system, order, step, arrangement)
  return order
}

/** What a step survives, for each kind of step: how an order is told to meet it. */
interface Hardship {
  wishes?: OrderWishes
  interference?: Interference
}

const AT_A_ROW: Record<string, Hardship> = {
  'fails twice': { interference: faults(2) },
  'loses its reply': { interference: losesReply },
}
const AT_PAYMENT: Record<string, Hardship> = {
  'fails twice': { wishes: { paymentMethod: 'pm_flaky_2' } },
  'loses its reply': { wishes: { paymentMethod: 'pm_lost_reply_1' } },
  'is slow': { wishes: { paymentMethod: 'pm_slow_1200' } },
  hangs: { wishes: { paymentMethod: 'pm_hang' } },
  'is limited': { wishes: { paymentMethod: 'pm_rate_limited_1' } },
}
const AT_THE_CARRIER: Record<string, Hardship> = {
  'fails twice': { wishes: { service: 'flaky_2' } },
  'loses its reply': { wishes: { service: 'lost_reply_1' } },
  'is slow': { wishes: { service: 'slow_1200' } },
  hangs: { wishes: { service: 'hang' } },
}
const HARDSHIPS: Record<string, Record<string, Hardship>> = {
  reserveInventory: AT_A_ROW,
  chargePayment: AT_PAYMENT,
  createShipment: AT_THE_CARRIER,
  awardPoints: AT_A_ROW,
  completeOrder: AT_A_ROW,
}

/** Every step with everything that it survives; the rows of a step that the table does not know fail. */
export const SURVIVED = [...orderSaga.compensatable, orderSaga.pivot].flatMap(({ execute: step }) =>
  Object.keys(HARDSHIPS[step] ?? { 'is not in the table': {} }).map((hardship) => ({ step, hardship })),
)

/**
 * Leads one order through a hardship. Alone it is completed; with a compensation that fails twice it is cancelled right
 * before the pivot, and everything is still undone.
 */
export async function survive(
  system: System,
  step: string,
  hardship: string,
  isTurnedBack: boolean,
): Promise<void> {
  const found = HARDSHIPS[step]?.[hardship]
  if (found === undefined)
    throw new Error(`test/harness/failure-matrix.ts does not say how ${step} ${hardship}`)
  const customerId = `cus_${step}_${Object.keys(HARDSHIPS[step] ?? {}).indexOf(hardship)}_${isTurnedBack ? 'back' : 'on'}`
  if (found.interference !== undefined) system.interferences.plan(customerId, step, { ...found.interference })
  if (!isTurnedBack) return expectCompleted(system, await system.api.run({ customerId, ...found.wishes }))
  const compensation = orderSaga.compensatable.find(({ execute }) => execute === step)?.compensate
  system.interferences.plan(customerId, orderSaga.pivot.execute, cancelledFirst(system))
  if (compensation !== undefined) system.interferences.plan(customerId, compensation, faults(2))
  const order = await system.api.run({ customerId, ...found.wishes })
  await expectUndone(system, order, orderSaga.pivot.execute, { code: 'CANCELLED_BY_CUSTOMER' })
}

/** Completed: one effect of each step, in our tables and at the providers. */
export async function expectCompleted(system: System, order: Order): Promise<void> {
  expect(order).toMatchObject({ status: 'completed', reason: null })
  const told = (await system.api.eventTypes(order.id)).filter((type) =>
    Object.values(EVENTS).some(({ done }) => done === type),
  )
  expect(told).toEqual(orderSaga.compensatable.map(({ execute }) => EVENTS[execute]?.done))
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

/** Turned back: what was begun is undone in exact reverse order, once, and nothing of it stands. */
async function expectUndone(
  system: System,
  order: Order,
  step: string,
  { code, isBegun }: Arrangement,
): Promise<void> {
  const isCancelled = code === 'CANCELLED_BY_CUSTOMER'
  expect(order).toMatchObject({ status: isCancelled ? 'cancelled' : 'rejected', reason: { code, step } })
  const names = ORDER_SAGA.steps.map(({ name }) => name)
  const before = orderSaga.compensatable.map(({ execute }) => execute).slice(0, names.indexOf(step))
  const own = EVENTS[step]
  const told = await system.api.eventTypes(order.id)
  expect(told.filter((type) => type !== 'WaitingBegun')).toEqual([
    'OrderPlaced',
    ...before.map((name) => EVENTS[name]?.done),
    ...(isCancelled ? ['CancelRequested'] : []),
    'CompensationBegun',
    ...(isBegun === true ? [own?.undoneUnseen ?? own?.undone] : []),
    ...before.toReversed().map((name) => EVENTS[name]?.undone),
    isCancelled ? 'OrderCancelled' : 'OrderRejected',
  ])
  const ledger = await system.api.ledger(order.id)
  expect(ledger.charges.map(({ state }) => state)).toEqual(
    before.includes('chargePayment') ? ['refunded'] : [],
  )
  expect(ledger.refunds).toHaveLength(ledger.charges.length)
  expect(ledger.shipments.map(({ state }) => state)).toEqual(
    before.includes('createShipment') ? ['cancelled'] : [],
  )
  const { loyalty, movements } = await effects(system, order)
  expect(loyalty).toBe(0)
  expect(movements).toEqual(
    before.includes('reserveInventory')
      ? order.lines.flatMap(({ sku }) => [`reserved ${sku}`, `released ${sku}`])
      : [],
  )
}

async function effects({ db }: System, order: Order): Promise<{ loyalty: number; movements: string[] }> {
  const entries = await db.loyaltyEntry.findMany({ where: { orderId: order.id } })
  const movements = await db.stockMovement.findMany({
    where: { orderId: order.id },
    orderBy: { recordedAt: 'asc' },
  })
  return {
    loyalty: entries.reduce((sum, { points }) => sum + Number(points), 0),
    movements: movements.map(({ kind, sku }) => `${kind} ${sku}`),
  }
}
