import { expect, it } from 'vitest'
import { criticalPath } from './critical-path.ts'

const pathOf = (...events: readonly [atMs: number, type: string, step?: string][]) =>
  criticalPath(events.map(([atMs, type, step = null]) => ({ type, step, recordedAt: new Date(atMs) })))

it('the time of a healthy order goes to its start and its steps', () => {
  expect(
    pathOf(
      [0, 'OrderPlaced'],
      [6, 'InventoryReserved'],
      [18, 'PaymentCharged'],
      [30, 'ShipmentCreated'],
      [34, 'PointsAwarded'],
      [37, 'OrderCompleted'],
    ),
  ).toEqual({
    start: 6,
    chargePayment: 12,
    createShipment: 12,
    awardPoints: 4,
    completeOrder: 3,
  })
})

it('waiting, being parked and undoing are kept apart from the work', () => {
  expect(
    pathOf(
      [0, 'OrderPlaced'],
      [6, 'InventoryReserved'],
      [106, 'WaitingBegun', 'chargePayment'],
      [5106, 'ProcessingBegun', 'chargePayment'],
      [5120, 'PaymentCharged'],
      [5200, 'CompensationBegun', 'createShipment'],
      [5300, 'CompensationDelayed', 'refundPayment'],
      [6300, 'PaymentRefunded'],
      [6310, 'StepParked', 'releaseInventory'],
      [9310, 'InventoryReleased'],
      [9311, 'OrderRejected', 'createShipment'],
    ),
  ).toEqual({
    start: 6,
    chargePayment: 114,
    'chargePayment.waiting': 5000,
    createShipment: 80,
    refundPayment: 100,
    'refundPayment.waiting': 1000,
    releaseInventory: 10,
    'releaseInventory.parked': 3000,
    end: 1,
  })
})

it('a clock that was set back takes no time away', () => {
  expect(
    pathOf([100, 'OrderPlaced'], [90, 'ProcessingBegun', 'reserveInventory'], [95, 'InventoryReserved']),
  ).toEqual({
    start: 0,
    reserveInventory: 5,
  })
})
