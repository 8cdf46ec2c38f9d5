import { HttpProblem } from '../problem.ts'

/** Each includes those before it. */
export const STAFF_ROLES = ['viewer', 'operator', 'treasurer', 'admin'] as const
export type StaffRole = (typeof STAFF_ROLES)[number]

export const ROLES = ['customer', ...STAFF_ROLES] as const
export type Role = (typeof ROLES)[number]

/** Who makes a request. */
export interface Principal {
  /** Stable, whichever credential is shown: `key:<name>`, `jwt:<issuer>#<sub>`, `developer` or `nobody`. */
  readonly subject: string
  readonly roles: readonly Role[]
  /** Who it is among the customers. A principal with the role `customer` has one. */
  readonly customerId?: string | undefined
}

/** Who makes a request without a credential where none is needed. */
export const NOBODY: Principal = { subject: 'nobody', roles: [] }

/** Who makes a request without a credential on a developer's own machine. */
export const DEVELOPER: Principal = { subject: 'developer', roles: ROLES }

export function holds({ roles }: Principal, role: StaffRole): boolean {
  return STAFF_ROLES.slice(STAFF_ROLES.indexOf(role)).some((higher) => roles.includes(higher))
}

export const isCustomer = ({ roles, customerId }: Principal): boolean =>
  roles.includes('customer') && customerId !== undefined

/** The customer whose things are all that the principal sees; undefined for staff, who see everything. */
export const ownerSeenBy = (principal: Principal): string | undefined =>
  holds(principal, 'viewer') ? undefined : principal.customerId

/** The customer for whom alone the principal acts; undefined for staff that act for everybody. */
export const ownerActedFor = (principal: Principal): string | undefined =>
  holds(principal, 'operator') ? undefined : principal.customerId

/** Whose idempotency keys it uses. Those of the developer were there before anybody had a name. */
export const keyScopeOf = ({ subject }: Principal): string =>
  subject === DEVELOPER.subject ? 'anonymous' : subject

/** @throws HttpProblem (404) where a customer looks at another. */
export function requireOwn(customerId: string, principal: Principal): void {
  if ((ownerSeenBy(principal) ?? customerId) !== customerId) throw new HttpProblem('NOT_FOUND')
}
