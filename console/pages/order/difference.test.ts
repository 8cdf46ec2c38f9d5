import { describe, expect, it } from 'vitest'
import type { Order, Step } from '../../api.ts'
import { differenceOf } from './difference.ts'

const step = (parts: Partial<Step>): Step => ({
  name: 'chargePayment',
  kind: 'compensatable',
  state: 'pending',
  attempts: 0,
  compensation: 'none',
  detail: null,
  settledAfterSkip: false,
  ...parts,
})
const order = (parts: Partial<Order>): Order =>
  ({ status: 'processing', reason: null, steps: [step({})], ...parts }) as Order

describe('what an event changed of an order', () => {
  it('is that it exists, for the first', () => {
    expect(differenceOf(undefined, order({ status: 'pending' }))).toEqual([
      { what: 'Order', before: 'did not exist', after: 'pending' },
    ])
  })

  it('is each of status, reason and steps that is another than before', () => {
    const after = order({
      status: 'compensating',
      reason: { code: 'SHIPMENT_REFUSED', step: 'createShipment', detail: null },
      steps: [step({ state: 'done', compensation: 'pending' })],
    })
    expect(differenceOf(order({}), after)).toEqual([
      { what: 'Status', before: 'processing', after: 'compensating' },
      { what: 'Reason', before: 'none', after: 'SHIPMENT_REFUSED' },
      { what: 'Charge payment', before: 'pending', after: 'done' },
      { what: 'Charge payment: compensation', before: 'none', after: 'pending' },
    ])
  })

  it('is nothing where nothing that is shown is another', () => {
    expect(differenceOf(order({}), order({}))).toEqual([])
  })
})
