import { describe, expect, it } from 'vitest'
import { ACCESS } from '../../api/identity/access.ts'
import { isStaff, lackOf, NEEDS, type Principal } from './access.ts'

const of = (roles: Principal['roles'], customerId: string | null = null) => ({ roles, customerId })
const alice = of(['customer'], 'cus_alice')

describe('what the console says that a role may do', () => {
  it.each(Object.entries(NEEDS))('is what the API says of %s', (name, needs) => {
    expect(ACCESS[name]).toEqual(needs)
  })

  it('names the least role that would do, and nothing to who has it or a higher one', () => {
    const skip = 'POST /operations/orders/{id}/skip'
    expect(lackOf(of(['operator']), skip)).toBe('It needs the role treasurer.')
    expect(lackOf(of(['viewer', 'treasurer']), skip)).toBeUndefined()
    expect(lackOf(of(['admin']), skip)).toBeUndefined()
  })

  it('lets customers do what they may with their own, and nothing else', () => {
    expect(lackOf(alice, 'POST /orders')).toBeUndefined()
    expect(lackOf(alice, 'POST /orders/{id}/cancel')).toBeUndefined()
    expect(lackOf(alice, 'GET /operations/overview')).toBe('It needs the role viewer.')
    expect(lackOf(of(['customer']), 'POST /orders')).toBe('It needs the role operator.')
  })

  it('takes a customer for staff as soon as it has a role of theirs', () => {
    expect(isStaff(alice)).toBe(false)
    expect(isStaff(of(['customer', 'viewer'], 'cus_alice'))).toBe(true)
    expect(lackOf(of(['customer', 'viewer'], 'cus_alice'), 'POST /orders')).toBeUndefined()
  })
})
