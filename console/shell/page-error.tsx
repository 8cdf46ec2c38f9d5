import type { ErrorComponentProps } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { useConnection } from '../live/provider.tsx'
import { Button } from '../ui/button.tsx'
import { Icon } from '../ui/icon.tsx'
import { Failed } from '../ui/states.tsx'

/** What browsers and the build say when a part of the console did not come. */
const NOT_LOADED = /unable to preload|dynamically imported module|importing a module script failed/i

/** Instead of a page that threw, or that could not be loaded. */
export const PageError = ({ error, reset }: ErrorComponentProps) =>
  error instanceof Error && NOT_LOADED.test(error.message) ? (
    <NotLoaded />
  ) : (
    <Failed error={error} onRetry={reset} />
  )

/**
 * A browser remembers a file that it could not load, and after an update its name may be gone: only the whole page can be
 * loaded again. That is done once the API is back, and at no other time, so that it cannot go on for ever.
 */
function NotLoaded() {
  const connection = useConnection()
  const wasLost = useRef(false)
  useEffect(() => {
    if (connection === 'lost') wasLost.current = true
    if (connection === 'live' && wasLost.current) location.reload()
  }, [connection])
  return (
    <div className="failed" role="alert">
      <Icon name="alert" />
      <div>
        <p className="failed-title">This page could not be loaded.</p>
        <p className="failed-text">
          The API does not answer, or the console was updated since this tab was opened.
        </p>
      </div>
      <Button onClick={() => location.reload()}>Load again</Button>
    </div>
  )
}
