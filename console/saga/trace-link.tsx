import { Icon } from '../ui/icon.tsx'
import { CopyButton } from '../ui/id.tsx'

interface Traced {
  traceId: string | null
  traceUrl: string | null
}

/** The trace of a saga or of an event: a link where it can be looked at, else its id. */
export function TraceLink({ of: { traceId, traceUrl } }: { of: Traced }) {
  if (traceId === null) return undefined
  if (traceUrl !== null)
    return (
      <a href={traceUrl} target="_blank" rel="noreferrer">
        Trace <Icon name="out" />
      </a>
    )
  return (
    <span className="mono">
      {traceId} <CopyButton text={traceId} what="the trace id" />
    </span>
  )
}
