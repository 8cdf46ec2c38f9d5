import { expect, test } from 'vitest'
import { pausableSteps } from './steps.ts'

const step = (name: string) => ({
  name,
  kind: 'compensatable' as const,
  compensation: null,
  isOptional: false,
  participant: 'payment',
  provider: null,
  events: { done: 'Done', undone: [] },
})

test('a step of several definitions of one saga can be paused once, and one that only an older one has, too', () => {
  expect(
    pausableSteps([
      { kind: 'order', steps: [step('chargePayment'), step('sendFax')] },
      { kind: 'order', steps: [step('chargePayment'), step('createShipment')] },
      { kind: 'transfer', steps: [step('withdrawMoney')] },
    ]),
  ).toEqual([
    { kind: 'order', steps: ['chargePayment', 'sendFax', 'createShipment'] },
    { kind: 'transfer', steps: ['withdrawMoney'] },
  ])
})

test('a step that only one definition has stands where it runs', () => {
  expect(
    pausableSteps([
      { kind: 'order', steps: [step('reserveInventory'), step('chargePayment')] },
      { kind: 'order', steps: [step('reserveInventory'), step('wrapGift'), step('chargePayment')] },
    ]),
  ).toEqual([{ kind: 'order', steps: ['reserveInventory', 'wrapGift', 'chargePayment'] }])
})
