import { describe, expect, it } from 'vitest'
import { ORDER_TRIALS } from '../../test/harness/order-trials.ts'
import { REASON_CODES } from './reasons.ts'

describe('the reasons of an order', () => {
  // Clients know them. A new step only adds to them.
  it('are those that have been published so far', () => {
    expect(REASON_CODES).toEqual(
      expect.arrayContaining([
        'OUT_OF_STOCK',
        'PAYMENT_DECLINED',
        'INSUFFICIENT_FUNDS',
        'PAYMENT_METHOD_UNKNOWN',
        'SHIPMENT_REFUSED',
        'PROVIDER_MISMATCH',
        'STEP_FAILED',
        'DEADLINE_EXCEEDED',
        'CANCELLED_BY_CUSTOMER',
      ]),
    )
  })

  it('are no two of one name', () => {
    expect(REASON_CODES).toEqual([...new Set(REASON_CODES)])
  })

  it('have the code of every refusal that the failure matrix tries', () => {
    const tried = Object.values(ORDER_TRIALS.refusals).flatMap((trial) => trial?.code ?? [])
    expect(tried.filter((code) => !REASON_CODES.includes(code))).toEqual([])
  })
})
