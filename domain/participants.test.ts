import { describe, expect, it } from 'vitest'
import { PARTICIPANTS } from './participants.ts'
import { allSteps } from './saga/step.ts'

describe('the registry', () => {
  const steps = allSteps(PARTICIPANTS)

  // Recorded events and their readers know them by these names. A new step only adds to them.
  it('names the events of every step as they have been recorded so far', () => {
    const events = steps.map(({ name, events: { done, undone } }) => [name, [done].concat(undone)])
    expect(Object.fromEntries(events)).toMatchObject({
      reserveInventory: ['InventoryReserved', 'InventoryReleased'],
      chargePayment: ['PaymentCharged', 'PaymentRefunded', 'PaymentVoided'],
      createShipment: ['ShipmentCreated', 'ShipmentCancelled', 'ShipmentVoided'],
      awardPoints: ['PointsAwarded', 'PointsRevoked'],
      completeOrder: ['OrderCompleted'],
      notifyCustomer: ['CustomerNotified'],
      withdrawMoney: ['TransferWithdrawn', 'TransferReturned'],
      depositMoney: ['TransferCompleted'],
    })
  })

  it('gives no name to two steps, and none to two events', () => {
    const activities = steps.flatMap(({ name, undo }) => (undo === undefined ? [name] : [name, undo]))
    const types = steps.flatMap(({ events: { done, undone } }) => [done].concat(undone))
    expect(new Set(activities).size).toBe(activities.length)
    expect(new Set(types).size).toBe(types.length)
  })
})
