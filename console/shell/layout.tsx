import { Link, Outlet, useLocation } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { api } from '../api.ts'
import { useConnection } from '../live/provider.tsx'
import { Button } from '../ui/button.tsx'
import { Icon } from '../ui/icon.tsx'
import { HelpSheet } from './help-sheet.tsx'
import { GROUPS, PAGES } from './pages.ts'
import { Palette } from './palette.tsx'
import { useShortcuts } from './shortcuts.ts'
import { ThemeButton } from './theme-button.tsx'

/** What stands around every page. */
export function Layout() {
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
        <main id="page" className="page" tabIndex={-1}>
          <Outlet />
        </main>
      </div>
      <Palette isOpen={open === 'palette'} onClose={() => setOpen(undefined)} />
      <HelpSheet isOpen={open === 'help'} onClose={() => setOpen(undefined)} />
    </div>
  )
}

function Nav({ isOpen }: { isOpen: boolean }) {
  const counts = useConcerns()
  return (
    <nav className="nav" data-open={isOpen} aria-label="Pages">
      <Link to="/" className="brand">
        <img src="/console/icon.svg" alt="" />
        OrderSaga
      </Link>
      {GROUPS.map((group) => (
        <div key={group} className="nav-group">
          <p className="nav-title">{group}</p>
          {PAGES.filter((page) => page.group === group).map(({ to, title }) => (
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
      </div>
    </nav>
  )
}

/** How many things wait for a person, by page. */
function useConcerns(): Partial<Record<string, number>> {
  const { data } = api.useQuery('get', '/operations/overview')
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
  const [tone, word] = CONNECTIONS[useConnection()]
  return (
    <span className="connection" data-tone={tone} title="Whether this page follows what happens">
      {word}
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
