/** Local calls to one provider at once, per process. */
export const PERMITS = 8

/** A provider is fast while the median of its last local calls is below this, in milliseconds. */
const FAST_MS = 250
const RECENT_CALLS = 5

/** While it is slow, one local call this often finds out whether it still is. */
const PROBE_INTERVAL_MS = 1000

/**
 * Who may call a provider within a local attempt. Such a call holds a workflow-task slot, which every order needs:
 * so only few may, and only while that provider answers fast.
 */
export interface LocalPermits {
  /** Answers how to give the permit back, once the call has really ended; undefined when there is none to have. */
  acquire(): (() => void) | undefined
  readonly limit: number
  inUse(): number
}

/** @param now milliseconds of a clock that never goes back. */
export function createLocalPermits(now: () => number = () => performance.now()): LocalPermits {
  const recentMs: number[] = []
  let inUse = 0
  let probedAt = Number.NEGATIVE_INFINITY
  const isFast = () => recentMs.length < RECENT_CALLS || median(recentMs) < FAST_MS
  const mayProbe = () => inUse === 0 && now() - probedAt >= PROBE_INTERVAL_MS
  return {
    limit: PERMITS,
    inUse: () => inUse,
    acquire() {
      if (inUse >= PERMITS || !(isFast() || mayProbe())) return undefined
      const beganAt = now()
      probedAt = beganAt
      inUse += 1
      return () => {
        inUse -= 1
        recentMs.push(now() - beganAt)
        if (recentMs.length > RECENT_CALLS) recentMs.shift()
      }
    },
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
