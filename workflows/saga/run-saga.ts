import type { BeginResult, CloseResult, Reason, SagaChange } from '../../domain/saga/journal.ts'
import type { StepAnswer } from '../../domain/saga/step-answer.ts'
import type { ForwardStep, RetriableStep, SagaDefinition } from './definition.ts'
import {
  ATTEMPTS,
  MESSAGE,
  PARK_AFTER_MS,
  PENDING,
  SKIP_NOTES_MAX,
  slowTimerMs,
  waitingMs,
  type Policy,
} from './policies.ts'

/** One attempt, or one round of them on a participant's queue. */
export interface Call {
  readonly activity: string
  readonly at: string
  readonly mode: 'local' | 'queue'
  readonly policy: Policy
  /** At most; a local call makes one. */
  readonly attemptsMax: number
  /** What the activity is told besides the saga's id; `tried` counts the attempts that came before this call. */
  readonly input: Readonly<Record<string, unknown>>
  /** No attempt begins after this time (milliseconds since the epoch). */
  readonly deadlineAt?: number
}

/** How a call ended. Nothing is thrown across a port. `error` names a class of error, never its text. */
export type CallOutcome = StepAnswer | { kind: 'fault'; error: string } | { kind: 'unknown'; error: string }

/** All that the kernel knows of the world. */
export interface SagaPorts {
  invoke(call: Call): Promise<CallOutcome>
  /**
   * Durable, and at least `ms` unless it is woken or the deadline comes first. `activity` is what is tried again after
   * it: a wake that came since its last call began counts, since that call may have read the row before it changed.
   */
  wait(ms: number, activity: string, deadlineAt?: number): Promise<'elapsed' | 'woken' | 'deadline'>
  /** Best effort: answers whether the change is recorded. One that is not never fails the saga. */
  report(change: SagaChange): Promise<boolean>
  /** Runs `work` where a cancellation of the workflow cannot reach it. */
  shield<T>(work: () => Promise<T>): Promise<T>
  /** Milliseconds since the epoch. */
  now(): number
}

export interface SagaRun {
  /** Milliseconds since the epoch; the saga is past its pivot by then, or turns back. */
  readonly deadlineAt: number
  /** Steps and compensations that are never tried locally. */
  readonly queued: readonly string[]
}

/** A reason on its way to the record, with a sentence of ours for the reader. */
interface Stop extends Reason {
  readonly detail?: string
}

export type SagaOutcome =
  | { readonly status: 'completed' }
  | { readonly status: 'rejected' | 'cancelled'; readonly reason: Reason }

/**
 * Runs a saga to its end: forward until the pivot is done, or back over all that was begun. It may be started again
 * from the top at any time: every step and every undo answers from its own record.
 */
export function runSaga(saga: SagaDefinition, ports: SagaPorts, run: SagaRun): Promise<SagaOutcome> {
  return ports.shield(async () => {
    const stop = await goForward(saga, ports, run)
    if (stop !== undefined) {
      const end = await turnBack(saga, ports, run, stop)
      if (end.status !== 'completed') return end
    }
    for (const step of saga.retriable) await finish(step, ports, run)
    return { status: 'completed' }
  })
}

/** The reason to turn back, or undefined once the pivot is done. */
async function goForward(saga: SagaDefinition, ports: SagaPorts, run: SagaRun): Promise<Stop | undefined> {
  for (const step of saga.compensatable) {
    const settled = await settle(
      { ...asTask(step, 'giveUp'), deadlineAt: run.deadlineAt },
      ports,
      startMode(step.execute, run),
    )
    if (settled.kind !== 'done') return asStop(step.execute, settled)
  }
  // The deadline covers everything before the pivot; once the pivot is in flight, its answer is awaited. A pivot that
  // is held up is not in flight.
  if (ports.now() >= run.deadlineAt) return { code: 'DEADLINE_EXCEEDED', step: saga.pivot.execute }
  const pivot: Task = { ...asTask(saga.pivot, 'untilAnswered'), heldUntil: run.deadlineAt }
  const answer = await insist(pivot, ports, run, isAnswer)
  return answer.kind === 'done' ? undefined : asStop(saga.pivot.execute, answer)
}

function asStop(step: string, stop: Exclude<Settled, { kind: 'done' }>): Stop {
  switch (stop.kind) {
    case 'refused':
      return { code: stop.code, step, ...(stop.detail === undefined ? {} : { detail: stop.detail }) }
    case 'spent':
      return { code: 'STEP_FAILED', step, detail: stop.error }
    case 'deadline':
      return { code: 'DEADLINE_EXCEEDED', step }
  }
}

/**
 * The one way into compensation. Undoes what the record says was begun, strictly in reverse. A compensation that
 * parks lets the next one start, and goes on beside it; the saga closes when all of them have ended.
 */
async function turnBack(
  saga: SagaDefinition,
  ports: SagaPorts,
  run: SagaRun,
  stop: Stop,
): Promise<SagaOutcome> {
  const { begin, close, at } = saga.journal
  const beginning = entryOf(begin, at, stop.step)
  const { result } = await insist({ ...beginning, input: { ...stop } }, ports, run, isBegun)
  if (result.verdict === 'completed') return { status: 'completed' }
  const { reason, undo } = result
  const undoings: Promise<unknown>[] = []
  for (const step of saga.compensatable.filter(({ execute }) => undo.includes(execute)).reverse()) {
    await new Promise<void>((goOn, fail) => {
      const task: Task = {
        step: step.execute,
        activity: step.compensate,
        at: step.at,
        policy: 'untilDone',
        onParked: goOn,
      }
      const undoing = insist(task, ports, run, isDone)
      undoings.push(undoing)
      undoing.then(() => goOn(), fail)
    })
  }
  await Promise.all(undoings)
  const closed = await insist(entryOf(close, at, reason.step), ports, run, isClosed)
  return { status: closed.result.status, reason }
}

async function finish(step: RetriableStep, ports: SagaPorts, run: SagaRun): Promise<void> {
  if (step.optional !== true) {
    await insist(asTask(step, 'untilDone'), ports, run, isDone)
    return
  }
  const settled = await settle(asTask(step, 'bestEffort'), ports, startMode(step.execute, run))
  if (settled.kind === 'done') return
  const skipped = { kind: 'skipped', step: step.execute, error: errorOf(settled) } as const
  for (let tries = 1; !(await ports.report(skipped)) && tries < SKIP_NOTES_MAX; tries += 1)
    await ports.wait(waitingMs(tries - 1, {}), step.execute)
}

interface Task {
  /** The step at which it is reported. */
  readonly step: string
  /** It is an entry of the saga's journal, and no step's. */
  readonly isEntry?: boolean
  readonly activity: string
  readonly at: string
  readonly policy: Policy
  readonly input?: Readonly<Record<string, unknown>>
  readonly deadlineAt?: number
  /** A task without a deadline is given up at this time all the same while it is held up. */
  readonly heldUntil?: number
  /** Called whenever the task is parked. */
  readonly onParked?: () => void
}

const asTask = ({ execute, at }: ForwardStep, policy: Policy): Task => ({
  step: execute,
  activity: execute,
  at,
  policy,
})

/** An entry of the journal; `step` is the one that the saga turned back for. */
const entryOf = (activity: string, at: string, step: string): Task => ({
  step,
  isEntry: true,
  activity,
  at,
  policy: 'untilDone',
})

const startMode = (activity: string, run: SagaRun) => (run.queued.includes(activity) ? 'queue' : 'local')

type Settled =
  | { kind: 'done'; result?: unknown }
  | { kind: 'refused'; code: string; detail?: string }
  | { kind: 'spent'; error: string }
  | { kind: 'deadline' }

type Done<Result> = { kind: 'done'; result: Result }

const isDone = (settled: Settled): settled is Extract<Settled, { kind: 'done' }> => settled.kind === 'done'
// Who completes an entry of the journal by hand knows no result: then it is asked again.
const isBegun = (settled: Settled): settled is Done<BeginResult> =>
  isDone(settled) && 'verdict' in Object(settled.result)
const isClosed = (settled: Settled): settled is Done<CloseResult> =>
  isDone(settled) && 'status' in Object(settled.result)
const isAnswer = (settled: Settled): settled is Exclude<Settled, { kind: 'spent' }> =>
  settled.kind !== 'spent'

function errorOf(stop: Exclude<Settled, { kind: 'done' }>): string {
  switch (stop.kind) {
    case 'refused':
      return stop.code
    case 'spent':
      return stop.error
    case 'deadline':
      return 'DEADLINE_EXCEEDED'
  }
}

/**
 * Tries a task until its outcome is `enough`. In between it is parked in sight, for longer each time; only durable
 * timers pass meanwhile, so there is no limit to how long it may take.
 */
async function insist<Enough extends Settled>(
  task: Task,
  ports: SagaPorts,
  run: SagaRun,
  isEnough: (settled: Settled) => settled is Enough,
): Promise<Enough> {
  const progress = createProgress(task, ports)
  for (let round = 0; ; round += 1) {
    const mode = round === 0 ? startMode(task.activity, run) : 'queue'
    const settled = await settle(task, ports, mode, progress)
    if (isEnough(settled)) return settled
    const isInSight = await progress.parks(settled.kind === 'done' ? 'MALFORMED' : errorOf(settled))
    // Operators can only retry what is listed, and what our own record holds up waits for no provider: a minute is
    // enough.
    const isPatient = isInSight && task.isEntry !== true
    await ports.wait(slowTimerMs(isPatient ? round : 0), task.activity)
  }
}

/** Reports how a task fares that is not simply going on. */
interface Progress {
  /** It found its provider away, after having waited for so long. */
  waits(why: string, waited: { ms: number; isWoken: boolean }): Promise<void>
  /** Answers whether operators see it. */
  parks(error: string): Promise<boolean>
}

/**
 * The step does not go forward, because an operator says so. Part of the replay contract: it is in the answers that
 * open workflows have recorded.
 */
const PAUSED = 'PAUSED'

/** The step cannot go forward at present, whatever is tried: an operator holds it up, or its message has not come. */
const isHeldUp = (why: string | undefined) => why === PAUSED || why === MESSAGE

/** Waits that a reader tells apart: among the others, which one it is changes all the time. */
const shownAs = (why: string) => (why === PENDING || isHeldUp(why) ? why : 'UNAVAILABLE')

/**
 * A task before the pivot, and the pivot, wait in sight; what has no deadline is parked after a while, and goes on.
 * Once it is parked, any process that wakes it finds it settled or parked anew. A report that was not recorded is
 * repeated the next time that the task finds its provider away.
 */
function createProgress({ step, isEntry = false, policy, onParked }: Task, ports: SagaPorts): Progress {
  let recorded: string | undefined
  let isParked = false
  let isInSight = false
  const parks = async (error: string) => {
    isParked = true
    isInSight = await ports.report({ kind: isEntry ? 'held' : 'parked', step, error })
    onParked?.()
    return isInSight
  }
  return {
    parks,
    async waits(why, { ms, isWoken }) {
      // What is optional is left out, unless it is paused. An entry of the journal waits for our own database alone.
      if (isEntry || (policy === 'bestEffort' && why !== PAUSED)) return
      // Its trouble is over: nothing is wrong with it but that it was not told to go on.
      if (isParked && why === MESSAGE) {
        isParked = false
        recorded = undefined
      }
      const hasDeadline = policy === 'giveUp' || policy === 'untilAnswered'
      if (isParked ? isWoken || !isInSight : !hasDeadline && ms >= PARK_AFTER_MS) {
        await parks(why)
        return
      }
      if (isParked || recorded === shownAs(why)) return
      if (await ports.report({ kind: 'waiting', step, why })) recorded = shownAs(why)
    },
  }
}

/**
 * One round of attempts. Waiting for an unavailable provider is part of it and costs none of them; it is bounded by
 * the deadline where there is one. On trouble in the local attempt, the rest of the round is on the queue: visible,
 * limited, and out of the workflow task.
 */
async function settle(
  task: Task,
  ports: SagaPorts,
  start: Call['mode'],
  progress: Progress = createProgress(task, ports),
): Promise<Settled> {
  const { activity, at, policy, deadlineAt } = task
  const isPast = () => deadlineAt !== undefined && ports.now() >= deadlineAt
  let mode = start
  let spent = 0
  let waits = 0
  const waited = { ms: 0, isWoken: true }
  while (!isPast()) {
    const left = ATTEMPTS[policy] - spent
    if (left <= 0) return { kind: 'spent', error: 'UNAVAILABLE' }
    const attemptsMax = mode === 'local' ? 1 : left
    const input = spent === 0 ? { ...task.input } : { ...task.input, tried: spent }
    const until = deadlineAt === undefined ? {} : { deadlineAt }
    const outcome = await ports.invoke({ activity, at, mode, policy, attemptsMax, input, ...until })
    const wasLocal = mode === 'local'
    mode = 'queue'
    switch (outcome.kind) {
      case 'done':
      case 'refused':
        return outcome
      case 'notLocal':
        if (!wasLocal) return { kind: 'spent', error: 'NOT_LOCAL' }
        continue
      case 'fault':
      case 'unknown':
        if (!wasLocal) return isPast() ? { kind: 'deadline' } : { kind: 'spent', error: outcome.error }
        spent = 1
        continue
      case 'unavailable':
    }
    const isHeld = isHeldUp(outcome.why)
    // What is optional is not waited for without end: there, being unavailable spends attempts too. Being paused does
    // not.
    spent += Math.max(outcome.spent ?? 0, policy === 'bestEffort' && !isHeld ? 1 : 0)
    await progress.waits(outcome.why ?? 'UNAVAILABLE', waited)
    const ms = waitingMs(waits, outcome)
    const ended = await ports.wait(ms, activity, isHeld ? (deadlineAt ?? task.heldUntil) : deadlineAt)
    if (ended === 'deadline') break
    waited.ms += ms
    waited.isWoken = ended === 'woken'
    waits += 1
  }
  return { kind: 'deadline' }
}
