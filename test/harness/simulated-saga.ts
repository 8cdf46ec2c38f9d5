import type { SagaChange } from '../../domain/saga/journal.ts'
import type { SagaDefinition } from '../../workflows/saga/definition.ts'
import type { CallOutcome, Call, SagaPorts } from '../../workflows/saga/run-saga.ts'

/** What one attempt at an activity meets. */
export type Meeting =
  | 'ok'
  | 'refuses'
  /** Fails before it has an effect. */
  | 'faults'
  /** Has its effect, and then the answer is lost. */
  | 'loses its reply'
  | 'is unavailable'
  /** An operator has paused it: it is not begun. */
  | 'is paused'
  /** The message that lets it go on has not come. */
  | 'awaits a message'
  | 'is not local'

/** More than any script makes necessary. */
const WAITS_MAX = 10_000

/** What the attempts at each activity meet, in turn; after that they are ok. */
export type Script = Partial<Record<string, Meeting[]>>

export interface World {
  /** What the participants did, in order: a step's name, or its compensation's. */
  readonly log: string[]
  /** Steps whose effect stands now. */
  readonly effects: Set<string>
  readonly reports: SagaChange[]
  readonly waits: number[]
  readonly calls: Call[]
  status: 'open' | 'compensating' | 'completed' | 'rejected' | 'cancelled'
  nowMs: number
  cancel(): void
  /** Ports for one run of the workflow; `crashAt` makes the n-th port call never return. */
  ports(options?: { crashAt?: number; onCrash?: () => void; onCall?: (n: number) => void }): SagaPorts
}

/**
 * A world without servers: it judges as the saga's row does, remembers as the fences do, and fails as scripted.
 */
export function createWorld(saga: SagaDefinition, script: Script = {}): World {
  const fences = new Map<string, 'intended' | 'done' | 'refused' | 'undone'>()
  const remaining = new Map(
    Object.entries(script).map(([activity, meetings]) => [activity, [...(meetings ?? [])]]),
  )
  const undoes = new Map(saga.compensatable.map((step) => [step.compensate, step.execute]))
  let reason: { code: string; step: string } | undefined
  let isCancelWished = false

  const world: World = {
    log: [],
    effects: new Set(),
    reports: [],
    waits: [],
    calls: [],
    status: 'open',
    nowMs: 0,
    cancel() {
      if (world.status === 'open') isCancelWished = true
    },
    ports({ crashAt = Number.POSITIVE_INFINITY, onCrash, onCall } = {}) {
      let calls = 0
      const guarded = async <T>(work: () => T | Promise<T>): Promise<T> => {
        calls += 1
        onCall?.(calls)
        if (calls === crashAt) {
          onCrash?.()
          return new Promise<never>(() => undefined)
        }
        return work()
      }
      return {
        invoke: (call) => guarded(() => invoke(call)),
        report: (change) =>
          guarded(() => {
            world.reports.push(change)
            return true
          }),
        wait: (ms, _activity, deadlineAt = Number.POSITIVE_INFINITY) =>
          guarded(async () => {
            // Whoever does not wait goes on meanwhile.
            await new Promise(setImmediate)
            world.waits.push(ms)
            if (world.waits.length > WAITS_MAX) throw new Error('The saga waits for ever')
            world.nowMs = Math.min(world.nowMs + ms, deadlineAt)
            return world.nowMs === deadlineAt ? ('deadline' as const) : ('elapsed' as const)
          }),
        shield: (work) => work(),
        now: () => world.nowMs,
      }
    },
  }

  const invoke = (call: Call): CallOutcome => {
    world.calls.push(call)
    let last: CallOutcome = { kind: 'fault', error: 'NO_ATTEMPT' }
    for (let spent = 0; spent < call.attemptsMax; spent += 1) {
      last = attemptOnce(call)
      if (last.kind === 'unavailable' && call.mode === 'queue') return { ...last, spent }
      if (last.kind !== 'fault' && last.kind !== 'unknown') return last
    }
    return last
  }

  const attemptOnce = (call: Call): CallOutcome => {
    const meeting = remaining.get(call.activity)?.shift() ?? 'ok'
    if (meeting === 'faults') return { kind: 'fault', error: 'FAULT' }
    if (meeting === 'is not local') return call.mode === 'local' ? { kind: 'notLocal' } : attemptOnce(call)
    if (call.activity === saga.journal.begin) return begin(call, meeting)
    if (call.activity === saga.journal.close) return close(meeting)
    const undone = undoes.get(call.activity)
    return undone === undefined ? step(call.activity, meeting) : undo(call.activity, undone, meeting)
  }

  const step = (name: string, meeting: Meeting): CallOutcome => {
    const recorded = fences.get(name)
    if (recorded === 'done') return { kind: 'done' }
    if (recorded === 'refused') return { kind: 'refused', code: 'REFUSED' }
    const isRetriable = saga.retriable.some(({ execute }) => execute === name)
    const isAdmitted = isRetriable ? world.status === 'completed' : world.status === 'open' && !isCancelWished
    if (!isAdmitted) return { kind: 'refused', code: reason?.code ?? 'CANCELLED_BY_CUSTOMER' }
    if (meeting === 'awaits a message') return { kind: 'unavailable', why: 'MESSAGE' }
    if (meeting === 'is paused') return { kind: 'unavailable', why: 'PAUSED' }
    const isCompensatable = [...undoes.values()].includes(name)
    if (isCompensatable) fences.set(name, 'intended')
    if (meeting === 'is unavailable') return { kind: 'unavailable' }
    // What has acted before is found by its key.
    if (meeting === 'refuses' && !world.effects.has(name)) {
      fences.set(name, 'refused')
      return { kind: 'refused', code: 'REFUSED' }
    }
    if (!world.effects.has(name)) world.log.push(name)
    world.effects.add(name)
    // A provider whose reply is lost has acted, and nobody has recorded it; the pivot is a row, which knows.
    if (meeting === 'loses its reply' && isCompensatable) return { kind: 'unknown', error: 'TIMEOUT' }
    fences.set(name, 'done')
    if (name === saga.pivot.execute) world.status = 'completed'
    return meeting === 'loses its reply' ? { kind: 'unknown', error: 'TIMEOUT' } : { kind: 'done' }
  }

  const undo = (name: string, of: string, meeting: Meeting): CallOutcome => {
    if (world.status === 'open') throw new Error(`${name} before the compensation had begun`)
    if (fences.get(of) === 'undone' || fences.get(of) === 'refused' || !fences.has(of))
      return { kind: 'done' }
    if (meeting === 'is unavailable') return { kind: 'unavailable' }
    if (meeting === 'refuses') return { kind: 'refused', code: 'REFUSED' }
    fences.set(of, 'undone')
    world.effects.delete(of)
    world.log.push(name)
    return meeting === 'loses its reply' ? { kind: 'unknown', error: 'TIMEOUT' } : { kind: 'done' }
  }

  const begin = (call: Call, meeting: Meeting): CallOutcome => {
    if (world.status === 'completed') return { kind: 'done', result: { verdict: 'completed' } }
    const isFirst = reason === undefined
    reason ??= {
      code: isCancelWished ? 'CANCELLED_BY_CUSTOMER' : String(call.input['code']),
      step: String(call.input['step']),
    }
    if (world.status === 'open') world.status = 'compensating'
    const owed = [...fences]
      .filter(([, state]) => state === 'intended' || state === 'done')
      .map(([name]) => name)
    if (meeting === 'loses its reply') return { kind: 'unknown', error: 'TIMEOUT' }
    return { kind: 'done', result: { verdict: isFirst ? 'begun' : 'already', reason, undo: owed } }
  }

  const close = (meeting: Meeting): CallOutcome => {
    const owed = saga.compensatable.filter(({ execute }) =>
      ['intended', 'done'].includes(fences.get(execute) ?? ''),
    )
    if (owed.length > 0) throw new Error('closed while it still owed a compensation')
    if (world.status === 'compensating') {
      world.status = reason?.code === 'CANCELLED_BY_CUSTOMER' ? 'cancelled' : 'rejected'
    }
    if (meeting === 'loses its reply') return { kind: 'unknown', error: 'TIMEOUT' }
    return { kind: 'done', result: { status: world.status } }
  }

  return world
}
