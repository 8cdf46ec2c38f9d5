import { expect, it } from 'vitest'
import { describedEndpoints } from '../../stack/api-document.ts'
import { accessPage, writtenAccessPage } from '../../stack/access-table.ts'
import { ACCESS, accessTo, isAllowed, isRecorded, nameOf, targetOf } from './access.ts'
import { DEVELOPER, ROLES, type Principal, type Role } from './principal.ts'

const endpoints = describedEndpoints()

const of = (...roles: Role[]): Principal => ({ subject: 'key:x', roles, customerId: 'cus_x' })

it('every endpoint says who may call it, and nothing says so of an endpoint that is not there', () => {
  expect(Object.keys(ACCESS).toSorted()).toEqual(endpoints.map(nameOf).toSorted())
})

it('an endpoint that says nowhere who may call it is not served', () => {
  expect(() => accessTo({ method: 'get', path: '/secrets' })).toThrow('says nowhere who may call it')
})

it('each role of staff may do what those before it may, and customers are none of them', () => {
  for (const access of Object.values(ACCESS)) {
    const allowed = ROLES.slice(1).map((role) => isAllowed(access, of(role)))
    expect(allowed.slice(allowed.indexOf(true))).not.toContain(false)
    const forCustomers = typeof access === 'string' || access.customers === true
    expect(isAllowed(access, of('customer'))).toBe(forCustomers)
    // Without knowing which customer, it is none.
    if (typeof access !== 'string')
      expect(isAllowed(access, { subject: 'x', roles: ['customer'] })).toBe(false)
  }
})

it('what staff change is recorded, and of what customers change erasures alone', () => {
  const recorded = (principal: Principal) =>
    endpoints.filter((endpoint) => isRecorded(endpoint, principal)).map(nameOf)
  const changing = endpoints.filter(({ method }) => method !== 'get').map(nameOf)
  expect(recorded(of('operator')).toSorted()).toEqual(changing.toSorted())
  const placed = changing.filter((name) => !recorded(DEVELOPER).includes(name))
  expect(placed).toEqual(['POST /orders', 'POST /orders/{id}/returns', 'POST /transfers'])
  expect(recorded(of('customer'))).toEqual(['DELETE /customers/{id}/personal-data'])
})

it.each([
  ['/operations/orders/{id}/retry', { id: '1' }, 'orders/1'],
  ['/orders/{id}/cancel', { id: '1' }, 'orders/1'],
  ['/customers/{id}/personal-data', { id: 'cus_x' }, 'customers/cus_x'],
  ['/operations/maintenance', {}, 'maintenance'],
  ['/keys', {}, 'keys'],
])('what is done to %s is recorded as done to %s', (path, params, target) =>
  expect(targetOf(path, params)).toBe(target),
)

it('docs/access.md shows the table as it is: otherwise run npm run docs:access', () => {
  expect(writtenAccessPage()).toBe(accessPage())
})
