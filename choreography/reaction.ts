import { PENDING, type Unavailable } from '../domain/provider/protocol.ts'
import type { StepAnswer } from '../domain/saga/step-answer.ts'
import type { StepOutline } from '../domain/saga/step-outline.ts'

export type Policy = 'giveUp' | 'untilAnswered' | 'untilDone' | 'bestEffort'

/** How often and how long anything is tried: the numbers of the orchestrated saga. All durations are milliseconds. */
export interface Policies {
  readonly attempts: Readonly<Record<Policy, number>>
  readonly parkAfterMs: number
  readonly attemptTimeoutMs: number
  readonly backoff: { readonly initialMs: number; readonly coefficient: number; readonly maxMs: number }
  readonly slowTimerMs: (round: number) => number
  readonly waitingMs: (waits: number, answer: Pick<Unavailable, 'why' | 'retryAfterMs'>) => number
}

/** What one reaction is about. */
export interface Task {
  readonly step: string
  readonly activity: string
  readonly at: string
  readonly policy: Policy
  readonly isPivot: boolean
}

/** How far a reaction has come, kept with it from attempt to attempt. */
export interface Progress {
  /** Attempts of this round. */
  spent: number
  /** Waits of this round for something that is not available, and for how long. */
  waits: number
  waitedMs: number
  /** Rounds that came to nothing. */
  round: number
  isParked: boolean
  /** What the order's record says that it waits for. */
  recorded?: string | undefined
  /** An attempt was made that nothing held up: a pivot is awaited then. */
  isTried: boolean
}

export const FRESH: Progress = { spent: 0, waits: 0, waitedMs: 0, round: 0, isParked: false, isTried: false }

/** How an attempt ended; `fault` is the class of an error, also of one that took too long. */
export type Outcome = StepAnswer | { kind: 'fault'; error: string }

export type Verdict =
  | { readonly kind: 'end' }
  | { readonly kind: 'turnBack'; readonly code: string; readonly detail?: string | undefined }
  | { readonly kind: 'skip'; readonly error: string }
  | {
      readonly kind: 'defer'
      readonly ms: number
      readonly progress: Progress
      readonly note?: Note
    }

/** What the order's record says of a step that does not go on. */
export interface Note {
  readonly kind: 'waiting' | 'parked'
  readonly why: string
}

/** An operator holds the step up. */
const PAUSED = 'PAUSED'

/** The task of an activity of a definition; undefined where it has none of that name. */
export function taskOf(steps: readonly StepOutline[], activity: string): Task | undefined {
  for (const { name, kind, at, compensation, isOptional } of steps) {
    if (compensation === activity) return { step: name, activity, at, policy: 'untilDone', isPivot: false }
    if (name === activity) {
      const policy = { compensatable: 'giveUp', pivot: 'untilAnswered', retriable: 'untilDone' } as const
      return {
        step: name,
        activity,
        at,
        policy: isOptional ? 'bestEffort' : policy[kind],
        isPivot: kind === 'pivot',
      }
    }
  }
  return undefined
}

/** Whether the order's time is up before this is tried. A pivot that was tried is awaited. */
export const isTooLate = ({ policy }: Task, { isTried }: Progress, leftMs: number): boolean =>
  leftMs <= 0 && (policy === 'giveUp' || (policy === 'untilAnswered' && !isTried))

/** What comes of a reaction whose waits have used up its attempts; undefined where there are some left. */
export function judgeSpent(
  task: Task,
  progress: Progress,
  { leftMs }: { leftMs: number },
  policies: Policies,
): Verdict | undefined {
  if (progress.spent < policies.attempts[task.policy]) return undefined
  return spent(task, progress, 'UNAVAILABLE', leftMs, policies)
}

/**
 * What comes of a reaction after an attempt. It is the same that the kernel of the orchestrated saga decides for a task on
 * its queue, one attempt at a time: pure, with what it remembers in `before`.
 */
export function judge(
  task: Task,
  before: Progress,
  outcome: Outcome,
  { isWoken, leftMs }: { isWoken: boolean; leftMs: number },
  policies: Policies,
): Verdict {
  const isHeldUp = outcome.kind === 'unavailable' && outcome.why === PAUSED
  const progress = { ...before, isTried: before.isTried || !isHeldUp }
  switch (outcome.kind) {
    case 'done':
      return { kind: 'end' }
    case 'refused':
      return refused(task, progress, outcome, policies)
    case 'notLocal':
      return spent(task, progress, 'NOT_LOCAL', leftMs, policies)
    case 'fault': {
      const attempts = progress.spent + 1
      if (attempts >= policies.attempts[task.policy])
        return spent(task, progress, outcome.error, leftMs, policies)
      const { initialMs, coefficient, maxMs } = policies.backoff
      const ms = Math.min(initialMs * coefficient ** (attempts - 1), maxMs)
      return { kind: 'defer', ms, progress: { ...progress, spent: attempts } }
    }
    case 'unavailable':
      return waits(task, progress, outcome, isWoken, policies)
  }
}

function refused(
  task: Task,
  progress: Progress,
  { code, detail }: { code: string; detail?: string },
  policies: Policies,
): Verdict {
  switch (task.policy) {
    case 'giveUp':
    case 'untilAnswered':
      return { kind: 'turnBack', code, detail }
    case 'bestEffort':
      return { kind: 'skip', error: code }
    case 'untilDone':
      return parks(progress, code, policies)
  }
}

/** A round of attempts is used up. */
function spent(task: Task, progress: Progress, error: string, leftMs: number, policies: Policies): Verdict {
  switch (task.policy) {
    case 'giveUp':
      return leftMs <= 0
        ? { kind: 'turnBack', code: 'DEADLINE_EXCEEDED' }
        : { kind: 'turnBack', code: 'STEP_FAILED', detail: error }
    case 'bestEffort':
      return { kind: 'skip', error }
    case 'untilAnswered':
    case 'untilDone':
      return parks(progress, error, policies)
  }
}

/** Parked in sight, and tried again by a timer that grows. */
const parks = (progress: Progress, why: string, { slowTimerMs }: Policies): Verdict => ({
  kind: 'defer',
  ms: slowTimerMs(progress.round),
  note: { kind: 'parked', why },
  progress: { ...progress, round: progress.round + 1, spent: 0, waits: 0, waitedMs: 0, isParked: true },
})

/** What a reader tells apart: among the others, which one it is changes all the time. */
const shownAs = (why: string) => (why === PENDING || why === PAUSED ? why : 'UNAVAILABLE')

function waits(
  task: Task,
  before: Progress,
  answer: Unavailable & { spent?: number },
  isWoken: boolean,
  policies: Policies,
): Verdict {
  const why = answer.why ?? 'UNAVAILABLE'
  const isBestEffort = task.policy === 'bestEffort'
  // What is optional is not waited for without end, unless an operator has paused it.
  const attempts = before.spent + Math.max(answer.spent ?? 0, isBestEffort && why !== PAUSED ? 1 : 0)
  const ms = policies.waitingMs(before.waits, answer)
  const progress = { ...before, spent: attempts, waits: before.waits + 1, waitedMs: before.waitedMs + ms }
  if (isBestEffort && why !== PAUSED) return { kind: 'defer', ms, progress }
  const hasDeadline = task.policy === 'giveUp' || task.policy === 'untilAnswered'
  // The first of a round counts as woken: who asked for the round learns how it went.
  const isAsked = isWoken || before.waits === 0
  const isToBeParked = before.isParked ? isAsked : !hasDeadline && before.waitedMs >= policies.parkAfterMs
  if (isToBeParked)
    return { kind: 'defer', ms, progress: { ...progress, isParked: true }, note: { kind: 'parked', why } }
  if (before.isParked || before.recorded === shownAs(why)) return { kind: 'defer', ms, progress }
  return {
    kind: 'defer',
    ms,
    progress: { ...progress, recorded: shownAs(why) },
    note: { kind: 'waiting', why },
  }
}
