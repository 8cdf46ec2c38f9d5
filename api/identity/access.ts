import type { Contract } from '../endpoint.ts'
import { changes } from '../edge.ts'
import { DEVELOPER, holds, isCustomer, type Principal, type StaffRole } from './principal.ts'

/**
 * Who may call an endpoint: everyone, also without a credential; anyone known; anyone with a role; or staff from a role
 * upwards, and where it says so customers, who see their own alone.
 */
export type Access = 'everyone' | 'anyone known' | 'any role' | { staff: StaffRole; customers?: true }

const VIEWER = { staff: 'viewer' } as const
const OPERATOR = { staff: 'operator' } as const
const TREASURER = { staff: 'treasurer' } as const
const ADMIN = { staff: 'admin' } as const

const own = <Role extends StaffRole>(staff: Role) => ({ staff, customers: true }) as const

/** Everything that the API answers. What is not here is not served. */
export const ACCESS: Readonly<Record<string, Access>> = {
  'GET /livez': 'everyone',
  'GET /readyz': 'everyone',
  'POST /session': 'everyone',
  'DELETE /session': 'everyone',
  'GET /me': 'anyone known',

  'POST /orders': own('operator'),
  'GET /orders': own('viewer'),
  'GET /orders/{id}': own('viewer'),
  'GET /orders/{id}/events': own('viewer'),
  'GET /orders/{id}/stream': own('viewer'),
  'GET /orders/{id}/history': own('viewer'),
  'GET /orders/{id}/timeline': VIEWER,
  'POST /orders/{id}/cancel': own('operator'),
  'POST /orders/{id}/returns': own('operator'),
  'GET /orders/{id}/returns': own('viewer'),
  'GET /returns/{id}': own('viewer'),
  'GET /returns/{id}/events': own('viewer'),

  'GET /products': 'any role',
  'GET /products/{sku}': 'any role',
  'GET /sagas': 'any role',

  'GET /customers/{id}/orders': own('viewer'),
  'GET /customers/{id}/loyalty': own('viewer'),
  'DELETE /customers/{id}/personal-data': own('admin'),

  'POST /transfers': own('operator'),
  'GET /transfers': own('viewer'),
  'GET /transfers/{id}': own('viewer'),
  'GET /transfers/{id}/events': own('viewer'),
  'POST /transfers/{id}/cancel': own('operator'),

  'POST /accounts': OPERATOR,
  'GET /accounts': own('viewer'),
  'GET /accounts/{id}': own('viewer'),
  'GET /accounts/{id}/events': own('viewer'),
  'POST /accounts/{id}/deposit': TREASURER,
  'POST /accounts/{id}/withdraw': TREASURER,
  'POST /accounts/{id}/freeze': OPERATOR,
  'POST /accounts/{id}/unfreeze': OPERATOR,
  'POST /accounts/{id}/close': OPERATOR,

  'GET /operations/overview': VIEWER,
  'GET /operations/failures': VIEWER,
  'GET /operations/dependencies': VIEWER,
  'GET /operations/invariants': VIEWER,
  'GET /operations/reconciliation': VIEWER,
  'POST /operations/reconciliation/run': OPERATOR,
  'POST /operations/reconciliation/{id}/settle': TREASURER,
  'GET /operations/stream': VIEWER,
  'GET /operations/audit': VIEWER,
  'GET /operations/parked': VIEWER,
  'POST /operations/orders/{id}/retry': OPERATOR,
  'POST /operations/orders/{id}/skip': TREASURER,
  'POST /operations/transfers/{id}/retry': OPERATOR,
  'POST /operations/transfers/{id}/skip': TREASURER,
  'POST /operations/returns/{id}/retry': OPERATOR,
  'POST /operations/returns/{id}/skip': TREASURER,
  'GET /operations/returns': VIEWER,
  'POST /operations/returns/{id}/approve': OPERATOR,
  'POST /operations/returns/{id}/refuse': OPERATOR,
  'POST /operations/parked/retry': OPERATOR,
  'GET /operations/retries': VIEWER,
  'GET /operations/retries/{id}': VIEWER,
  'POST /operations/retries/{id}/pause': OPERATOR,
  'POST /operations/retries/{id}/resume': OPERATOR,
  'POST /operations/retries/{id}/stop': OPERATOR,
  'GET /operations/maintenance': VIEWER,
  'PUT /operations/maintenance': OPERATOR,
  'GET /operations/projections': VIEWER,
  'POST /operations/projections/{name}/rebuild': OPERATOR,
  'GET /operations/dead-letters': VIEWER,
  'POST /operations/dead-letters/reprocess': OPERATOR,
  'GET /operations/dead-letters/{id}': VIEWER,
  'POST /operations/dead-letters/{id}/reprocess': OPERATOR,
  'POST /operations/dead-letters/{id}/discard': TREASURER,

  'GET /reports/orders': VIEWER,
  'GET /reports/sales': VIEWER,
  'GET /reports/stock': VIEWER,

  'GET /keys': ADMIN,
  'POST /keys': ADMIN,
  'DELETE /keys/{id}': ADMIN,

  'GET /development/faults': ADMIN,
  'PUT /development/faults': ADMIN,
  'DELETE /development/faults': ADMIN,
  'GET /development/ledger': ADMIN,
  'GET /development/processes': ADMIN,
  'POST /development/parcels/{reference}/received': ADMIN,
  'POST /development/processes/{name}/kill': ADMIN,
}

/** The name of an endpoint: in the table above, and in the record of who did what. */
export const nameOf = ({ method, path }: Pick<Contract, 'method' | 'path'>): string =>
  `${method.toUpperCase()} ${path}`

/** @throws Error for an endpoint that the table does not have: nobody may call it. */
export function accessTo(endpoint: Pick<Contract, 'method' | 'path'>): Access {
  const access = ACCESS[nameOf(endpoint)]
  if (access === undefined) throw new Error(`${nameOf(endpoint)} says nowhere who may call it: see access.ts`)
  return access
}

/** @param principal one that is known, unless everyone may. */
export function isAllowed(access: Access, principal: Principal): boolean {
  if (access === 'everyone' || access === 'anyone known') return true
  if (access === 'any role') return holds(principal, 'viewer') || isCustomer(principal)
  return holds(principal, access.staff) || (access.customers === true && isCustomer(principal))
}

/** Whether a principal may be refused for its roles. */
export const asksForRole = (access: Access): boolean => access !== 'everyone' && access !== 'anyone known'

/** Which role is asked for. */
export const describeAccess = (access: Access): string =>
  typeof access === 'string'
    ? access
    : `${access.staff}${access.customers === true ? ', or the customer' : ''}`

/** Orders, returns and transfers of customers are a record of themselves, and so is what they do with theirs. */
export const PLACING: ReadonlySet<string> = new Set([
  'POST /orders',
  'POST /orders/{id}/returns',
  'POST /transfers',
])

/** Whether it is recorded that the principal does this. */
export function isRecorded(endpoint: Pick<Contract, 'method' | 'path'>, principal: Principal): boolean {
  if (!changes(endpoint.method.toUpperCase())) return false
  if (PLACING.has(nameOf(endpoint)))
    return holds(principal, 'operator') && principal.subject !== DEVELOPER.subject
  return holds(principal, 'viewer') || endpoint.path.startsWith('/customers/')
}

/** What something is done to, e.g. `orders/…`: the path up to the last thing that it names. */
export function targetOf(path: string, params: Readonly<Record<string, unknown>>): string {
  const upTo = path.lastIndexOf('}') + 1
  return pathAsTarget(upTo === 0 ? path : path.slice(0, upTo)).replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    String(params[name]),
  )
}

/** A path as the record has it, e.g. `orders/…` of `/operations/orders/…`. */
export const pathAsTarget = (path: string): string => path.replace(/^\/(operations\/)?/, '')
