import { createRootRoute, createRoute, createRouter, Link } from '@tanstack/react-router'
import { readAccountSearch } from './pages/accounts/search.ts'
import { readAuditSearch } from './pages/audit/search.ts'
import { readDeadLetterSearch } from './pages/dead-letters/search.ts'
import { readFailureSearch } from './pages/failures/search.ts'
import { readOrderSearch } from './pages/order/search.ts'
import { readOrdersSearch } from './pages/orders/search.ts'
import { readReconciliationSearch } from './pages/reconciliation/search.ts'
import { readReturnSearch } from './pages/returns/search.ts'
import { readSignInSearch } from './pages/sign-in/search.ts'
import { readTransferSearch } from './pages/transfers/search.ts'
import { readTourSearch } from './pages/tour/search.ts'
import { Layout } from './shell/layout.tsx'
import { lazyPage } from './shell/lazy-page.ts'
import { PageError } from './shell/page-error.tsx'
import { PageHead } from './shell/page-head.tsx'

const root = createRootRoute({
  component: Layout,
  notFoundComponent: () => (
    <>
      <PageHead title="There is no such page" />
      <Link to="/">To the overview</Link>
    </>
  ),
})
const at = <Path extends string>(path: Path) => ({ getParentRoute: () => root, path })

const routes = [
  createRoute({ ...at('/'), component: lazyPage(() => import('./pages/overview/overview-page.tsx')) }),
  createRoute({
    ...at('/tour'),
    validateSearch: readTourSearch,
    component: lazyPage(() => import('./pages/tour/tour-page.tsx')),
  }),
  createRoute({
    ...at('/orders'),
    validateSearch: readOrdersSearch,
    component: lazyPage(() => import('./pages/orders/orders-page.tsx')),
  }),
  createRoute({
    ...at('/orders/new'),
    component: lazyPage(() => import('./pages/orders/new-order-page.tsx')),
  }),
  createRoute({
    ...at('/orders/$id'),
    validateSearch: readOrderSearch,
    component: lazyPage(() => import('./pages/order/order-page.tsx')),
  }),
  createRoute({
    ...at('/returns'),
    validateSearch: readReturnSearch,
    component: lazyPage(() => import('./pages/returns/returns-page.tsx')),
  }),
  createRoute({
    ...at('/returns/$id'),
    component: lazyPage(() => import('./pages/returns/return-page.tsx')),
  }),
  createRoute({
    ...at('/failures'),
    validateSearch: readFailureSearch,
    component: lazyPage(() => import('./pages/failures/failures-page.tsx')),
  }),
  createRoute({
    ...at('/failures/retries/$id'),
    component: lazyPage(() => import('./pages/failures/retry-page.tsx')),
  }),
  createRoute({
    ...at('/dead-letters'),
    validateSearch: readDeadLetterSearch,
    component: lazyPage(() => import('./pages/dead-letters/dead-letters-page.tsx')),
  }),
  createRoute({
    ...at('/dead-letters/$id'),
    component: lazyPage(() => import('./pages/dead-letters/dead-letter-page.tsx')),
  }),
  createRoute({
    ...at('/read-models'),
    component: lazyPage(() => import('./pages/read-models/read-models-page.tsx')),
  }),
  createRoute({
    ...at('/accounts'),
    component: lazyPage(() => import('./pages/accounts/accounts-page.tsx')),
  }),
  createRoute({
    ...at('/accounts/$id'),
    validateSearch: readAccountSearch,
    component: lazyPage(() => import('./pages/accounts/account-page.tsx')),
  }),
  createRoute({
    ...at('/transfers'),
    validateSearch: readTransferSearch,
    component: lazyPage(() => import('./pages/transfers/transfers-page.tsx')),
  }),
  createRoute({
    ...at('/transfers/$id'),
    component: lazyPage(() => import('./pages/transfers/transfer-page.tsx')),
  }),
  createRoute({
    ...at('/invariants'),
    component: lazyPage(() => import('./pages/invariants/invariants-page.tsx')),
  }),
  createRoute({
    ...at('/reconciliation'),
    validateSearch: readReconciliationSearch,
    component: lazyPage(() => import('./pages/reconciliation/reconciliation-page.tsx')),
  }),
  createRoute({
    ...at('/maintenance'),
    component: lazyPage(() => import('./pages/maintenance/maintenance-page.tsx')),
  }),
  createRoute({
    ...at('/audit'),
    validateSearch: readAuditSearch,
    component: lazyPage(() => import('./pages/audit/audit-page.tsx')),
  }),
  createRoute({
    ...at('/keys'),
    component: lazyPage(() => import('./pages/keys/keys-page.tsx')),
  }),
  createRoute({
    ...at('/sign-in'),
    validateSearch: readSignInSearch,
    component: lazyPage(() => import('./pages/sign-in/sign-in-page.tsx')),
  }),
]

/** Each page is a URL, and what it shows of many is in its query. */
export const router = createRouter({
  routeTree: root.addChildren(routes),
  basepath: '/console',
  defaultPreload: 'intent',
  scrollRestoration: true,
  defaultErrorComponent: PageError,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
