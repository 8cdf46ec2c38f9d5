import type { ReactNode } from 'react'
import { ApiProblem } from '../api.ts'
import { Button } from './button.tsx'
import { Icon } from './icon.tsx'

/** There is nothing, and why that is well. */
export const Empty = ({ title, children }: { title: string; children?: ReactNode }) => (
  <div className="empty">
    <p className="empty-title">{title}</p>
    {children === undefined ? undefined : <div className="empty-text">{children}</div>}
  </div>
)

/** It could not be read, or done: what the API says of it. */
export function Failed({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { title, text } = wordsOf(error)
  return (
    <div className="failed" role="alert">
      <Icon name="alert" />
      <div>
        <p className="failed-title">{title}</p>
        <p className="failed-text">{text}</p>
        {error instanceof ApiProblem && error.errors.length > 0 ? (
          <ul className="failed-list">
            {error.errors.map(({ pointer, detail }) => (
              <li key={pointer}>
                <code>{pointer}</code> {detail}
              </li>
            ))}
          </ul>
        ) : undefined}
      </div>
      {onRetry === undefined ? undefined : <Button onClick={onRetry}>Try again</Button>}
    </div>
  )
}

/** The API's own words; of what is neither its answer nor its silence, that the page is wrong. */
function wordsOf(error: unknown): { title: string; text: string } {
  if (error instanceof ApiProblem)
    return { title: error.message, text: `${error.status} ${error.code} · request ${error.requestId}` }
  // What `fetch` throws when no answer came.
  if (error instanceof TypeError && /fetch|network/i.test(error.message))
    return {
      title: 'The API does not answer.',
      text: 'It is asked again by itself as soon as it is back.',
    }
  return { title: 'This page has failed.', text: error instanceof Error ? error.message : String(error) }
}

/** Holds the place of what is being read, so that nothing moves when it comes. */
export const Skeleton = ({ lines = 3 }: { lines?: number }) => (
  <div className="skeleton" aria-busy="true">
    <span className="visually-hidden">Loading</span>
    {Array.from({ length: lines }, (_, index) => (
      <span key={index} className="skeleton-line" />
    ))}
  </div>
)

interface Reading<Data> {
  data: Data | undefined
  error: unknown
  isPending: boolean
  refetch: () => unknown
}

/**
 * What is read, in each of its states: a skeleton at first, the data also while they are stale, the problem when there
 * are none.
 */
export function Read<Data>({
  of: { data, error, isPending, refetch },
  lines = 3,
  children,
}: {
  of: Reading<Data>
  lines?: number
  children: (data: Data) => ReactNode
}) {
  if (data !== undefined) return children(data)
  if (isPending) return <Skeleton lines={lines} />
  return <Failed error={error} onRetry={() => void refetch()} />
}
