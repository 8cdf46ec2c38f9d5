/** So few calls at once overload no provider: if they are late too, the provider is slow by itself. */
export const LIMIT_MIN = 2

/** So many answers decide about one change. */
const ROUND_ANSWERS = 10

/** A round is late above so many times the fastest round, and never below so many milliseconds. */
const LATE_FACTOR = 2
const LATE_MIN_MS = 250

/** What is left of the limit after a late round. */
const DECREASE = 0.7

/** How long a queued call waits for its turn, in milliseconds: with its answer, less than the attempt has. */
export const TURN_MAX_MS = 1000

/**
 * How many calls to one provider a process makes at once, by how long they take: more by one for each round trip in time in
 * which the limit was reached (additive increase), a share less after a late round (multiplicative decrease). The fastest
 * round is not forgotten while the limit is above the least: a line that never empties would else become what is usual.
 */
export interface ConcurrencyLimit {
  /** Waits for a turn unless the call is local. Undefined: the call is not to be made now. */
  acquire(call: { isLocal: boolean; signal: AbortSignal }): Promise<Release | undefined>
  current(): number
}

/** Ends a call. `isMeasured`: it was answered, or not in time; how fast a provider fails says nothing. */
export type Release = (isMeasured: boolean) => void

/**
 * @param max where it begins, and what it never exceeds.
 * @param now milliseconds of a clock that never goes back.
 */
export function createConcurrencyLimit(
  max: number,
  { now = () => performance.now(), onLimit }: { now?: () => number; onLimit?: (limit: number) => void } = {},
): ConcurrencyLimit {
  let limit = max
  let inUse = 0
  let changedAt = Number.NEGATIVE_INFINITY
  let wasReached = false
  let round: number[] = []
  let fastestMs = Number.POSITIVE_INFINITY
  let isStartingOver = false
  const waiting = new Set<() => void>()

  const endRound = () => {
    const medianMs = median(round)
    fastestMs = Math.min(fastestMs, medianMs)
    const isLate = medianMs > Math.max(LATE_MIN_MS, LATE_FACTOR * fastestMs)
    if (isLate && limit > LIMIT_MIN) {
      limit = Math.max(LIMIT_MIN, Math.floor(limit * DECREASE))
      isStartingOver = false
    } else if (isLate) {
      fastestMs = medianMs
      isStartingOver = true
    } else if (wasReached) {
      limit = Math.min(
        max,
        isStartingOver ? limit * 2 : limit + Math.max(1, Math.floor(ROUND_ANSWERS / limit)),
      )
    }
    round = []
    wasReached = false
    changedAt = now()
    onLimit?.(limit)
  }

  const letNextIn = () => {
    for (const enter of waiting) if (inUse < limit) enter()
  }

  const begin = (): Release => {
    inUse += 1
    wasReached ||= inUse >= limit
    const beganAt = now()
    return (isMeasured) => {
      inUse -= 1
      // A call that began under the limit before says nothing about the one of now: one change a round trip.
      if (isMeasured && beganAt >= changedAt) round.push(now() - beganAt)
      if (round.length >= ROUND_ANSWERS) endRound()
      letNextIn()
    }
  }

  const turn = (signal: AbortSignal): Promise<Release | undefined> =>
    new Promise((resolve) => {
      const leave = (release?: Release) => {
        waiting.delete(enter)
        clearTimeout(timer)
        signal.removeEventListener('abort', giveUp)
        resolve(release)
      }
      const enter = () => leave(begin())
      const giveUp = () => leave()
      const timer = setTimeout(giveUp, TURN_MAX_MS)
      signal.addEventListener('abort', giveUp)
      waiting.add(enter)
    })

  return {
    current: () => limit,
    async acquire({ isLocal, signal }) {
      if (inUse < limit && waiting.size === 0) return begin()
      wasReached = true
      return isLocal || signal.aborted ? undefined : turn(signal)
    },
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
