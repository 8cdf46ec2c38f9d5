import type { PENDING as Pending, Unavailable } from '../../domain/provider/protocol.ts'
import type { MESSAGE as Message } from '../../domain/saga/step-answer.ts'

/**
 * How often and how long anything is tried: the one place that says so. All durations are milliseconds.
 *
 * The times nest: a provider's HTTP answer (800) < a local attempt (1000), a provider's HTTP answer on the queue
 * (4000) < a queued attempt (6000), so that an attempt learns what happened before it is given up.
 *
 * Attempts, waits and `PARK_AFTER_MS` are part of the replay contract: they decide what an open workflow does next, so
 * new values apply to a new name of a definition only (docs/rules/long-lives-and-versions.md#versions-of-a-definition).
 */

/**
 * - `giveUp`: a step before the pivot. Its attempts spent, the saga turns back.
 * - `untilAnswered`: the pivot. Yes or a refusal; a timeout is no answer.
 * - `untilDone`: compensations, retriable steps, the journal. A spent round parks and is tried again.
 * - `bestEffort`: optional steps and progress notes. Its attempts spent, the saga goes on without.
 */
export type Policy = 'giveUp' | 'untilAnswered' | 'untilDone' | 'bestEffort'

export const LOCAL_ATTEMPT_TIMEOUT_MS = 1000
export const QUEUED_ATTEMPT_TIMEOUT_MS = 6000

/** Without a heartbeat a killed worker would be noticed only when the attempt times out. */
export const HEARTBEAT_TIMEOUT_MS = 3000

/**
 * Attempts in one round, the local one included. Waiting for an unavailable provider spends none of them, and does not
 * give back those that were spent before.
 */
export const ATTEMPTS: Record<Policy, number> = {
  giveUp: 6,
  untilAnswered: 9,
  untilDone: 9,
  bestEffort: 4,
}

/** Between queued attempts: 200, 400, … up to 5000. */
export const BACKOFF = { initialMs: 200, coefficient: 2, maxMs: 5000 }

/** Between rounds of a parked step: one minute, doubling up to six hours. */
const SLOW_TIMER = { initialMs: 60_000, maxMs: 6 * 60 * 60_000 }

/** While a provider is unavailable: a second, doubling up to a minute. */
const WAITING = { initialMs: 1000, maxMs: 60_000 }

/** A provider that says when to come back is taken at its word, and asked less often if that was not enough. */
const HINTED_MAX_MS = 8000

/** The provider's client says so; workflows may not import the value. */
export const PENDING: typeof Pending = 'PENDING'

/** The step's own module says so, as above. */
export const MESSAGE: typeof Message = 'MESSAGE'

/** A provider that has not decided yet is asked at least every fifteen seconds, jitter and attempt included. */
const PENDING_MAX_MS = 10_000

/** An undo that waits for longer is parked in sight, and the next one begins. */
export const PARK_AFTER_MS = 120_000

/** How often a saga tries to record that it ends without an optional step: five minutes, with the waits in between. */
export const SKIP_NOTES_MAX = 10

const doubled = (initialMs: number, times: number, maxMs: number) =>
  Math.min(initialMs * 2 ** Math.min(times, 30), maxMs)

/** How long the step stays parked before its round number `round` (from 0) is followed by another. */
export function slowTimerMs(round: number): number {
  return doubled(SLOW_TIMER.initialMs, round, SLOW_TIMER.maxMs)
}

/** How long to wait for an unavailable provider that was waited for `waits` times before. */
export function waitingMs(
  waits: number,
  { why, retryAfterMs }: Pick<Unavailable, 'why' | 'retryAfterMs'>,
): number {
  // The message wakes the saga.
  if (why === MESSAGE) return Number.POSITIVE_INFINITY
  if (why === PENDING) return doubled(WAITING.initialMs, waits, PENDING_MAX_MS)
  if (retryAfterMs === undefined) return doubled(WAITING.initialMs, waits, WAITING.maxMs)
  const hintMs = Math.max(retryAfterMs, WAITING.initialMs)
  return doubled(hintMs, waits, Math.max(hintMs, HINTED_MAX_MS))
}
