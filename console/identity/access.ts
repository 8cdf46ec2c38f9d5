import type { components } from '../api-types.ts'

/** Who is signed in, as the API says. */
export type Principal = components['schemas']['Principal']
export type Role = Principal['roles'][number]

/** Each includes those before it. */
const STAFF: readonly Role[] = ['viewer', 'operator', 'treasurer', 'admin']

export const ROLES: readonly Role[] = ['customer', ...STAFF]

const VIEWER = { staff: 'viewer' } as const
const OPERATOR = { staff: 'operator' } as const
const TREASURER = { staff: 'treasurer' } as const
const ADMIN = { staff: 'admin' } as const

const own = <Access extends object>(access: Access) => ({ ...access, customers: true }) as const

/**
 * What the pages read and do, and who may: staff from a role upwards, and customers with what is their own. The API is
 * the judge; this says beforehand what it would refuse, and a test compares the two.
 */
export const NEEDS = {
  'GET /orders': own(VIEWER),
  'POST /orders': own(OPERATOR),
  'GET /orders/{id}/timeline': VIEWER,
  'POST /orders/{id}/cancel': own(OPERATOR),
  'GET /orders/{id}/returns': own(VIEWER),
  'POST /orders/{id}/returns': own(OPERATOR),
  'GET /operations/returns': VIEWER,
  'POST /operations/returns/{id}/approve': OPERATOR,
  'POST /operations/returns/{id}/refuse': OPERATOR,
  'GET /transfers': own(VIEWER),
  'POST /transfers': own(OPERATOR),
  'POST /transfers/{id}/cancel': own(OPERATOR),
  'GET /accounts': own(VIEWER),
  'POST /accounts': OPERATOR,
  'POST /accounts/{id}/deposit': TREASURER,
  'POST /accounts/{id}/withdraw': TREASURER,
  'POST /accounts/{id}/freeze': OPERATOR,
  'POST /accounts/{id}/unfreeze': OPERATOR,
  'POST /accounts/{id}/close': OPERATOR,
  'GET /operations/overview': VIEWER,
  'GET /operations/stream': VIEWER,
  'GET /operations/failures': VIEWER,
  'POST /operations/orders/{id}/retry': OPERATOR,
  'POST /operations/orders/{id}/skip': TREASURER,
  'POST /operations/returns/{id}/retry': OPERATOR,
  'POST /operations/returns/{id}/skip': TREASURER,
  'POST /operations/transfers/{id}/retry': OPERATOR,
  'POST /operations/transfers/{id}/skip': TREASURER,
  'POST /operations/parked/retry': OPERATOR,
  'POST /operations/retries/{id}/pause': OPERATOR,
  'POST /operations/retries/{id}/resume': OPERATOR,
  'POST /operations/retries/{id}/stop': OPERATOR,
  'GET /operations/dead-letters': VIEWER,
  'POST /operations/dead-letters/reprocess': OPERATOR,
  'POST /operations/dead-letters/{id}/reprocess': OPERATOR,
  'POST /operations/dead-letters/{id}/discard': TREASURER,
  'GET /operations/projections': VIEWER,
  'POST /operations/projections/{name}/rebuild': OPERATOR,
  'GET /operations/invariants': VIEWER,
  'GET /operations/reconciliation': VIEWER,
  'POST /operations/reconciliation/run': OPERATOR,
  'POST /operations/reconciliation/{id}/settle': TREASURER,
  'GET /operations/maintenance': VIEWER,
  'PUT /operations/maintenance': OPERATOR,
  'GET /operations/audit': VIEWER,
  'GET /keys': ADMIN,
  'POST /keys': ADMIN,
  'DELETE /keys/{id}': ADMIN,
  'GET /development/faults': ADMIN,
  'PUT /development/faults': ADMIN,
  'POST /development/parcels/{reference}/received': ADMIN,
  'POST /development/processes/{name}/kill': ADMIN,
} as const

export type Action = keyof typeof NEEDS

/** Why a principal may not do something, whatever it is done to; undefined when it may. */
export function lackOf(
  principal: Pick<Principal, 'roles' | 'customerId'>,
  action: Action,
): string | undefined {
  const needs = NEEDS[action]
  const least = STAFF.indexOf(needs.staff)
  const { roles, customerId } = principal
  if (roles.some((role) => STAFF.indexOf(role) >= least)) return undefined
  if ('customers' in needs && roles.includes('customer') && customerId !== null) return undefined
  return `It needs the role ${needs.staff}.`
}

/** Staff sees everything; others see what is theirs. */
export const isStaff = ({ roles }: Pick<Principal, 'roles'>): boolean =>
  roles.some((role) => role !== 'customer')
