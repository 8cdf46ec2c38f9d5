import type { Trouble } from './trouble.ts'

export interface CapacityOptions {
  /** Calls in flight at most. */
  max: number
  /** Milliseconds; any clock that is never set back. */
  now?: () => number
  /** The other side has gone away. Called once, however many calls fail. */
  onAway?: () => void
  /** It is back, after so many failed calls. */
  onBack?: (failed: number) => void
}

/** One call at a time is made to a server that is away, so long after the last has failed. */
const PROBE_EVERY_MS = 500

/** How long a busy server is left alone, so that its refusals are not answered with the same calls at once. */
const BUSY_PAUSE_MS = 100

/**
 * How many calls a server is given at once: what it takes, as TCP finds out what a network takes. The limit doubles
 * with each round of calls that succeed, up to where there was trouble last; from there it grows by one a round.
 * Trouble halves it, once a round. A server that answers nothing is away: it is asked with single calls until one
 * succeeds.
 */
export function createCapacity({ max, now = () => performance.now(), onAway, onBack }: CapacityOptions) {
  let limit = Math.min(8, max)
  let threshold = max
  let succeededAt = Number.NEGATIVE_INFINITY
  let cutAt = Number.NEGATIVE_INFINITY
  let restsUntil = Number.NEGATIVE_INFINITY
  let failedWhileAway = 0

  const isAway = () => failedWhileAway > 0
  const cut = () => {
    threshold = Math.max(1, limit / 2)
    cutAt = now()
  }

  return {
    isAway,
    /** How many more calls may be made now. */
    free(inUse: number): number {
      if (now() < restsUntil) return 0
      if (isAway()) return inUse === 0 ? 1 : 0
      return Math.max(0, Math.floor(limit) - inUse)
    },
    succeeded(): void {
      succeededAt = now()
      if (isAway()) {
        onBack?.(failedWhileAway)
        failedWhileAway = 0
      }
      limit = Math.min(max, limit + (limit < threshold ? 1 : 1 / limit))
    },
    /** @param startedAt when the call was made, by the same clock. */
    failed(trouble: Trouble, startedAt: number): void {
      if (trouble === 'none') return
      // A call that was slow while another succeeded met a busy server; when none does, it met none.
      if (isAway() || trouble === 'away' || (trouble === 'slow' && succeededAt < startedAt)) {
        if (!isAway()) {
          cut()
          limit = 1
          onAway?.()
        }
        failedWhileAway += 1
        restsUntil = now() + PROBE_EVERY_MS
      } else if (startedAt >= cutAt) {
        cut()
        limit = threshold
        restsUntil = now() + BUSY_PAUSE_MS
      }
    },
  }
}
