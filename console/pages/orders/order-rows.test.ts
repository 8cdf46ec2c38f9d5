import { expect, it } from 'vitest'
import type { Step } from '../../api.ts'
import { itemsOf, whyOf } from './order-rows.ts'

const step = (name: string, changes: Partial<Step> = {}): Step => ({
  name,
  kind: 'compensatable',
  state: 'done',
  attempts: 1,
  compensation: 'none',
  detail: null,
  settledAfterSkip: false,
  ...changes,
})

it('names the step that an order waits at', () => {
  const steps = [step('reserveInventory'), step('chargePayment', { state: 'waiting' })]
  expect(whyOf({ status: 'waiting', reason: null, steps })).toBe('at charge payment')
})

it('names the reason and the undo that is parked', () => {
  const steps = [step('chargePayment', { compensation: 'parked' })]
  const reason = { code: 'SHIPMENT_REFUSED', step: 'createShipment', detail: null }
  expect(whyOf({ status: 'parked', reason, steps })).toBe('SHIPMENT_REFUSED, undo of charge payment')
})

it('says the reason of an order that has ended, and nothing of one that completed', () => {
  const reason = { code: 'OUT_OF_STOCK', step: 'reserveInventory', detail: null }
  expect(whyOf({ status: 'rejected', reason, steps: [] })).toBe('OUT_OF_STOCK')
  expect(whyOf({ status: 'completed', reason: null, steps: [step('chargePayment')] })).toBeUndefined()
})

it('names two lines and counts the others', () => {
  const line = (sku: string) => ({ sku, quantity: 1, unitPriceMinor: 100 })
  expect(itemsOf([line('A'), line('B'), line('C')])).toBe('1 × A, 1 × B, 1 more')
  expect(itemsOf([line('A')])).toBe('1 × A')
})
