export interface Rebuild {
  state: 'none' | 'wished' | 'running' | 'done'
  rebuiltEvents: number
  totalEvents: number
  startedAt: string | null
}

/** From 0 to 100, and 100 only when nothing is left. */
export const percentOf = ({ rebuiltEvents, totalEvents }: Rebuild): number =>
  totalEvents === 0 ? 0 : Math.min(100, Math.floor((rebuiltEvents / totalEvents) * 100))

/** Too little was done to say when the rest will be. */
const SEEN_MIN_MS = 2000

/**
 * How long a running rebuild still takes if it goes on as it did, in milliseconds; undefined while that is not known.
 * @param now milliseconds since the epoch.
 */
export function leftMs({ state, rebuiltEvents, totalEvents, startedAt }: Rebuild, now: number) {
  if (state !== 'running' || startedAt === null || rebuiltEvents === 0) return undefined
  const takenMs = now - Date.parse(startedAt)
  return takenMs < SEEN_MIN_MS
    ? undefined
    : (takenMs / rebuiltEvents) * Math.max(0, totalEvents - rebuiltEvents)
}
