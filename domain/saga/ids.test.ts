import { describe, expect, it } from 'vitest'
import { partsOfKey, returnStepKey, stepKey } from './ids.ts'

describe('the key of a step at a provider', () => {
  it('begins with what its saga is one of', () => {
    expect(stepKey('order', 'an-id', 'chargePayment')).toBe('order:an-id:chargePayment')
    expect(stepKey('transfer', 'an-id', 'payOut')).toBe('transfer:an-id:payOut')
  })

  it('names its saga and step to readers of that kind alone', () => {
    const key = stepKey('order', 'an-id', 'chargePayment')
    expect(partsOfKey('order', key)).toEqual({ sagaId: 'an-id', activity: 'chargePayment' })
    expect(partsOfKey('transfer', key)).toBeUndefined()
    expect(partsOfKey('order', 'order:an-id')).toBeUndefined()
  })

  it('names the order of a return first', () => {
    const key = returnStepKey('an-order', 'a-return', 'refundReturn')
    expect(partsOfKey('order', key)?.sagaId).toBe('an-order')
    expect(partsOfKey('return', key)).toEqual({ sagaId: 'a-return', activity: 'refundReturn' })
    expect(partsOfKey('return', stepKey('order', 'an-order', 'chargePayment'))).toBeUndefined()
  })
})
