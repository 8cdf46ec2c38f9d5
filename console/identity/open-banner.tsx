import { useState } from 'react'
import { Icon } from '../ui/icon.tsx'
import { usePrincipal } from './principal.tsx'

const DISMISSED = 'open-mode-dismissed'

/** Says, while that is so, that everybody may do everything. It stays away in this tab once it was sent away. */
export function OpenBanner() {
  const { isOpen } = usePrincipal()
  const [isDismissed, setDismissed] = useState(wasDismissed)
  if (!isOpen || isDismissed) return null
  const dismiss = () => {
    try {
      sessionStorage.setItem(DISMISSED, 'yes')
    } catch {
      // Storage may be forbidden: it is away until the page is loaded again.
    }
    setDismissed(true)
  }
  return (
    <aside className="open-banner" aria-label="Open mode">
      <p>
        <strong>Open mode.</strong> Everybody on this machine is the developer and may do everything. A{' '}
        <code>BOOTSTRAP_ADMIN_KEY</code> ends it: see <code>docs/identity.md</code>.
      </p>
      <button type="button" className="dialog-close" onClick={dismiss} aria-label="Dismiss">
        <Icon name="cross" />
      </button>
    </aside>
  )
}

function wasDismissed(): boolean {
  try {
    return sessionStorage.getItem(DISMISSED) !== null
  } catch {
    return false
  }
}
