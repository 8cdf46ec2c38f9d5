import { Link, Outlet, useLocation, useMatches, useNavigate } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { api } from '../api.ts'
import { OpenBanner } from '../identity/open-banner.tsx'
import { Identified, useIsStaff, useLack } from '../identity/principal.tsx'
import { Who } from '../identity/who.tsx'
import { LiveProvider, useConnection } from '../live/provider.tsx'
import { Button } from '../ui/button.tsx'
import { Icon } from '../ui/icon.tsx'
import { Empty } from '../ui/states.tsx'
import { HelpSheet } from './help-sheet.tsx'
import { PageHead } from './page-head.tsx'
import { GROUPS, pageAt, usePages } from './pages.ts'
import { Palette } from './palette.tsx'
import { useShortcuts } from './shortcuts.ts'
import { ThemeButton } from './theme-button.tsx'

/** What stands around every page but the one to sign in on, which is for who is not known yet. */
export function Layout() {
  if (useRouteId() === '/sign-in') return <Outlet />
  return (
    <Identified>
      <LiveProvider>
        <Shell />
      </LiveProvider>
    </Identified>
  )
}

/** Of the page that is shown, which is not yet the one that the URL names while that is loaded. */
const useRouteId = (): string => useMatches({ select: (matches) => matches.at(-1)?.routeId ?? '' })

function Shell() {
  const [open, setOpen] = useState<'palette' | 'help' | undefined>()
  const [isNavOpen, setNavOpen] = useState(false)
  const { pathname } = useLocation()
  useShortcuts({ openPalette: () => setOpen('palette'), openHelp: () => setOpen('help') })
  useEffect(() => setNavOpen(false), [pathname])
  return (
    <div className="shell">
      <a className="skip-link" href="#page">
        To the page
      </a>
      <Nav isOpen={isNavOpen} />
      <div className="main">
        <header className="bar">
          <button
            type="button"
            className="button button-quiet bar-menu"
            aria-label="Navigation"
            aria-expanded={isNavOpen}
            onClick={() => setNavOpen(!isNavOpen)}
          >
            <Icon name="menu" />
          </button>
          <button type="button" className="bar-search" onClick={() => setOpen('palette')}>
            <Icon name="search" />
            <span>Go to a page or an order</span>
            <kbd className="kbd">/</kbd>
          </button>
          <div className="bar-end">
            <ConnectionState />
            <Button look="quiet" onClick={() => setOpen('help')} aria-label="Keyboard shortcuts">
              ?
            </Button>
            <ThemeButton />
          </div>
        </header>
        <OfflineBanner />
        <OpenBanner />
        <main id="page" className="page" tabIndex={-1}>
          <AllowedPage />
        </main>
      </div>
      <Palette isOpen={open === 'palette'} onClose={() => setOpen(undefined)} />
      <HelpSheet isOpen={open === 'help'} onClose={() => setOpen(undefined)} />
    </div>
  )
}

/** A page that who is signed in may not read asks for nothing. Customers begin at their orders. */
function AllowedPage() {
  const page = pageAt(useRouteId())
  const lack = useLack()
  const isStaff = useIsStaff()
  const why = page === undefined ? undefined : lack(page.reads)
  if (page === undefined || why === undefined) return <Outlet />
  if (page.to === '/' && !isStaff) return <ToOrders />
  return (
    <>
      <PageHead title={page.title} />
      <Empty title="This page is not for you.">{why}</Empty>
    </>
  )
}

function ToOrders() {
  const navigate = useNavigate()
  useEffect(() => void navigate({ to: '/orders', replace: true }), [navigate])
  return null
}

function Nav({ isOpen }: { isOpen: boolean }) {
  const counts = useConcerns()
  const pages = usePages()
  return (
    <nav className="nav" data-open={isOpen} aria-label="Pages">
      <Link to="/" className="brand">
        <img src="/console/icon.svg" alt="" />
        OrderSaga
      </Link>
      {GROUPS.filter((group) => pages.some((page) => page.group === group)).map((group) => (
        <div key={group} className="nav-group">
          <p className="nav-title">{group}</p>
          {pages
            .filter((page) => page.group === group)
            .map(({ to, title }) => (
              <Link
                key={to}
                to={to}
                className="nav-link"
                activeOptions={{ exact: to === '/', includeSearch: false }}
              >
                {title}
                {counts[to] ? (
                  <span className="nav-count" data-tone="person">
                    {counts[to]}
                  </span>
                ) : undefined}
              </Link>
            ))}
        </div>
      ))}
      <div className="nav-group nav-end">
        <a className="nav-link" href="/docs/">
          API reference
          <Icon name="out" />
        </a>
        <Who />
      </div>
    </nav>
  )
}

/** How many things wait for a person, by page. */
function useConcerns(): Partial<Record<string, number>> {
  const isAllowed = useLack()('GET /operations/overview') === undefined
  const { data } = api.useQuery('get', '/operations/overview', {}, { enabled: isAllowed })
  return data === undefined
    ? {}
    : { '/failures': data.parked.steps, '/dead-letters': data.deadLetters.parked }
}

const CONNECTIONS = {
  connecting: ['neutral', 'connecting'],
  live: ['done', 'live'],
  lost: ['waiting', 'not connected'],
} as const

function ConnectionState() {
  const connection = useConnection()
  if (connection === undefined) return null
  const [tone, word] = CONNECTIONS[connection]
  return (
    <span className="connection" data-tone={tone} title="Whether this page follows what happens">
      <span>{word}</span>
    </span>
  )
}

/** Shown after a moment: a short interruption mends itself. */
function OfflineBanner() {
  const isLost = useConnection() === 'lost'
  const [isShown, setShown] = useState(false)
  useEffect(() => {
    if (!isLost) return setShown(false)
    const timer = setTimeout(() => setShown(true), 1500)
    return () => clearTimeout(timer)
  }, [isLost])
  return (
    <div role="status">
      {isShown ? (
        <p className="offline">
          <Icon name="alert" />
          The API does not answer. What you see is as it was; it is read again by itself.
        </p>
      ) : undefined}
    </div>
  )
}
