import { describe, expect, it } from 'vitest'
import { orderSaga } from '../order/steps.ts'
import { transferSaga } from '../transfer/steps.ts'
import { contractOf } from './contract.ts'

const first = { ...orderSaga, name: 'order@1' }
const shorter = { ...orderSaga, name: 'order@2', retriable: [] }

describe('the contract of a saga', () => {
  it('has the steps of every version, and the last for new sagas', () => {
    const contract = contractOf('OrderSaga', [first, shorter])
    expect([contract.kind, contract.queue, [...contract.current]]).toEqual(['order', 'order', ['order@2']])
    const { definition, beforePivot } = contract.compose(undefined)
    expect([definition, beforePivot]).toEqual([
      'order@2',
      shorter.compensatable.map(({ execute }) => execute),
    ])
    expect(contract.steps.get('order@1')?.map(({ name }) => name)).toContain('notifyCustomer')
    expect(contract.steps.get('order@2')?.map(({ name }) => name)).not.toContain('notifyCustomer')
    expect(contract.steps.get('order@3')).toBeUndefined()
    expect(contract.workflowId('1')).toBe('order-1')
  })

  it('composes a new saga of what it is about, and knows all that can come of it', () => {
    const compose = (isShort: boolean) => (isShort ? shorter : first)
    const contract = contractOf('OrderSaga', [first, shorter], { contents: [true, false], compose })
    expect([...contract.current]).toEqual(['order@2', 'order@1'])
    expect(contract.compose(true).definition).toBe('order@2')
    const slip = { contents: [true], compose }
    expect(() => contractOf('OrderSaga', [first], slip)).toThrow('OrderSaga does not know order@2')
  })

  it('is of versions of one saga', () => {
    expect(() => contractOf('OrderSaga', [])).toThrow('OrderSaga has no definition')
    expect(() => contractOf('OrderSaga', [first, first])).toThrow('two definitions of one name')
    expect(() => contractOf('OrderSaga', [first, transferSaga])).toThrow(
      'order@1 is no version of transfer@1',
    )
  })
})
