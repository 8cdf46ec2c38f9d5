import { useQueryClient, type QueryClient } from '@tanstack/react-query'
import { createContext, use, useEffect, useState, type ReactNode } from 'react'
import { ME, useLack } from '../identity/principal.tsx'
import { followEvents, type Connection } from './live-events.ts'
import { isTouched } from './touched.ts'

const ConnectionContext = createContext<Connection | undefined>(undefined)

/** Whether what is shown follows what happens; undefined where it is read now and then alone. */
export const useConnection = (): Connection | undefined => use(ConnectionContext)

/** Between two readings of the same list, however much happens. */
const READ_EVERY_MS = 1000
const TOGETHER_MS = 50

/**
 * Keeps what is shown true: after an event, whatever may have changed by it is read again. The stream is of everything
 * that happens, which customers may not follow.
 */
export function LiveProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient()
  const isAllowed = useLack()('GET /operations/stream') === undefined
  const [connection, setConnection] = useState<Connection>('connecting')
  useEffect(() => {
    if (!isAllowed) return undefined
    const ending = new AbortController()
    const stale = createStale(queries)
    followEvents({
      onEvent: ({ streamId }) => stale.add(streamId),
      onMissed: () => void queries.invalidateQueries(),
      onState(state) {
        setConnection(state)
        // It may have been cut off because who is signed in here is not known any more.
        if (state === 'lost') void queries.invalidateQueries({ queryKey: ME })
      },
      signal: ending.signal,
    })
    return () => {
      ending.abort()
      stale.stop()
    }
  }, [queries, isAllowed])
  return <ConnectionContext value={isAllowed ? connection : undefined}>{children}</ConnectionContext>
}

/** Streams in which something happened; their queries are read again together. */
function createStale(queries: QueryClient) {
  const streams = new Set<string>()
  let timer: number | undefined
  let flushedAt = Number.NEGATIVE_INFINITY
  const flush = () => {
    timer = undefined
    flushedAt = performance.now()
    const ids = new Set([...streams].map((stream) => stream.slice(stream.indexOf('-') + 1)))
    streams.clear()
    void queries.invalidateQueries({ predicate: ({ queryKey }) => isTouched(queryKey, ids) })
  }
  return {
    add(streamId: string) {
      streams.add(streamId)
      // The first event of a quiet time is shown at once, with those that come with it.
      timer ??= window.setTimeout(flush, Math.max(TOGETHER_MS, flushedAt + READ_EVERY_MS - performance.now()))
    },
    stop: () => window.clearTimeout(timer),
  }
}
