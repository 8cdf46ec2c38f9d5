import { useLack } from '../identity/principal.tsx'

/** Every page that has a place of its own, as the navigation, the palette and the keyboard know it, and what it reads. */
export const PAGES = [
  { to: '/tour', title: 'Guided tour', group: 'Learn', key: 't', reads: 'GET /development/faults' },
  { to: '/', title: 'Overview', group: 'Watch', key: 'o', reads: 'GET /operations/overview' },
  { to: '/orders', title: 'Orders', group: 'Watch', key: 'r', reads: 'GET /orders' },
  { to: '/accounts', title: 'Accounts', group: 'Watch', key: 'a', reads: 'GET /accounts' },
  { to: '/transfers', title: 'Transfers', group: 'Watch', key: 'x', reads: 'GET /transfers' },
  { to: '/returns', title: 'Returns', group: 'Operate', key: 'b', reads: 'GET /operations/returns' },
  { to: '/failures', title: 'Failures', group: 'Operate', key: 'f', reads: 'GET /operations/failures' },
  {
    to: '/dead-letters',
    title: 'Dead letters',
    group: 'Operate',
    key: 'd',
    reads: 'GET /operations/dead-letters',
  },
  {
    to: '/read-models',
    title: 'Read models',
    group: 'Operate',
    key: 'm',
    reads: 'GET /operations/projections',
  },
  { to: '/invariants', title: 'Invariants', group: 'Operate', key: 'i', reads: 'GET /operations/invariants' },
  {
    to: '/reconciliation',
    title: 'Reconciliation',
    group: 'Operate',
    key: 'c',
    reads: 'GET /operations/reconciliation',
  },
  {
    to: '/maintenance',
    title: 'Maintenance',
    group: 'Operate',
    key: 'n',
    reads: 'GET /operations/maintenance',
  },
  { to: '/audit', title: 'Audit', group: 'Operate', key: 'u', reads: 'GET /operations/audit' },
  { to: '/keys', title: 'Keys', group: 'Operate', key: 'k', reads: 'GET /keys' },
] as const

export const GROUPS = ['Learn', 'Watch', 'Operate'] as const

export type PageEntry = (typeof PAGES)[number]

/** Who may not read the list may read one of it: customers see their own returns. */
const OF_CUSTOMERS = '/returns/$id'

/** The page that a route belongs to, e.g. `/orders/$id`; undefined for one that needs no right to another. */
export const pageAt = (routeId: string): PageEntry | undefined =>
  routeId === OF_CUSTOMERS
    ? undefined
    : PAGES.find(({ to }) => routeId === to || (to !== '/' && routeId.startsWith(`${to}/`)))

/** Those that who is signed in may read. */
export function usePages(): readonly PageEntry[] {
  const lack = useLack()
  return PAGES.filter(({ reads }) => lack(reads) === undefined)
}
