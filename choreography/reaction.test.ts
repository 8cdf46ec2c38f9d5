import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SagaChange } from '../domain/saga/journal.ts'
import { createWorld, type Meeting } from '../test/harness/simulated-saga.ts'
import { orderSaga } from '../workflows/order/steps.ts'
import { outline } from '../workflows/saga/definition.ts'
import { POLICIES } from '../workers/reactions-wiring.ts'
import { ATTEMPTS } from '../workflows/saga/policies.ts'
import { runSaga, type CallOutcome } from '../workflows/saga/run-saga.ts'
import {
  FRESH,
  isTooLate,
  judge,
  judgeSpent,
  taskOf,
  type Outcome,
  type Progress,
  type Task,
} from './reaction.ts'

const HOUR_MS = 3_600_000
const steps = outline(orderSaga)
const named = (activity: string): Task => {
  const task = taskOf(steps, activity)
  if (task === undefined) throw new Error(`No task ${activity}`)
  return task
}

/** Plays the outcomes of one reaction to its end, and notes what an onlooker sees of it. */
function play(task: Task, outcomes: readonly Outcome[]) {
  let progress: Progress = FRESH
  const notes: object[] = []
  const waits: number[] = []
  let calls = 0
  for (const outcome of outcomes) {
    const when = { isWoken: false, leftMs: HOUR_MS }
    const exhausted = judgeSpent(task, progress, when, POLICIES)
    if (exhausted === undefined) calls += 1
    const verdict = exhausted ?? judge(task, progress, outcome, when, POLICIES)
    if (verdict.kind !== 'defer') return { end: verdict, notes, waits, calls }
    ;({ progress } = verdict)
    const { note } = verdict
    if (note?.kind === 'waiting') notes.push({ kind: 'waiting', step: task.step, why: note.why })
    if (note?.kind === 'parked') notes.push({ kind: 'parked', step: task.step, error: note.why })
    // Between two attempts of a round the queue waits, and not the saga.
    if (outcome.kind === 'unavailable' || note !== undefined) waits.push(verdict.ms)
  }
  return { end: undefined, notes, waits, calls }
}

/** The same outcomes, met by a saga of the kernel whose other steps do as they should, with every call on its queue. */
async function playByKernel(activity: string, outcomes: readonly Outcome[]) {
  const script = named(activity).policy === 'untilDone' ? { [orderSaga.pivot.execute]: ['refuses'] } : {}
  const world = createWorld(orderSaga, script as Record<string, Meeting[]>)
  const ports = world.ports()
  const left = [...outcomes]
  const notes: SagaChange[] = []
  let calls = 0
  await runSaga(
    orderSaga,
    {
      ...ports,
      async invoke(call): Promise<CallOutcome> {
        if (call.activity !== activity) return ports.invoke(call)
        // A call on the queue makes all its attempts.
        for (let made = 1; ; made += 1) {
          const outcome = left.shift()
          if (outcome === undefined) return ports.invoke(call)
          calls += 1
          if (outcome.kind === 'done') return ports.invoke(call)
          if (outcome.kind === 'fault' && made < call.attemptsMax) continue
          return outcome.kind === 'unavailable'
            ? { ...outcome, spent: made - 1 + (outcome.spent ?? 0) }
            : outcome
        }
      },
      async report(change) {
        if (change.kind !== 'skipped' && change.step === named(activity).step) notes.push(change)
        return ports.report(change)
      },
    },
    { deadlineAt: 10_000 * HOUR_MS, queued: [activity] },
  )
  return { status: world.status, notes, waits: world.waits, calls }
}

const outcome = fc.oneof(
  fc.constant<Outcome>({ kind: 'fault', error: 'FAULT' }),
  fc.constant<Outcome>({ kind: 'unavailable', why: 'BREAKER_OPEN' }),
  fc.constant<Outcome>({ kind: 'unavailable', why: 'PAUSED' }),
  fc.constant<Outcome>({ kind: 'unavailable', why: 'PENDING' }),
  fc
    .tuple(fc.integer({ min: 1, max: 60_000 }), fc.constantFrom(0, 1))
    .map(([retryAfterMs, spent]): Outcome => ({ kind: 'unavailable', retryAfterMs, spent })),
)

describe('a reaction', () => {
  it.each(['chargePayment', 'refundPayment', 'completeOrder', 'notifyCustomer'])(
    'at %s is tried, waited for, noted and ended as the kernel does it, whatever it meets',
    async (activity) => {
      await fc.assert(
        fc.asyncProperty(fc.array(outcome, { maxLength: 30 }), async (outcomes) => {
          const all: Outcome[] = [...outcomes, { kind: 'done' }]
          const { end, ...mine } = play(named(activity), all)
          const { status, ...theirs } = await playByKernel(activity, all.slice(0, mine.calls))
          expect(mine).toEqual(theirs)
          if (activity === 'chargePayment') expect(end?.kind === 'turnBack').toBe(status !== 'completed')
        }),
        { numRuns: 300 },
      )
    },
  )

  it('that is refused turns the order back with the code, but an undo that is refused is parked', () => {
    const refused = { kind: 'refused', code: 'NO', detail: 'never' } as const
    expect(play(named('chargePayment'), [refused]).end).toEqual({
      kind: 'turnBack',
      code: 'NO',
      detail: 'never',
    })
    expect(play(named('completeOrder'), [refused]).end).toMatchObject({ kind: 'turnBack', code: 'NO' })
    expect(play(named('notifyCustomer'), [refused]).end).toEqual({ kind: 'skip', error: 'NO' })
    expect(play(named('refundPayment'), [refused])).toMatchObject({
      end: undefined,
      notes: [{ error: 'NO' }],
    })
  })

  it('that spends its last attempt after the deadline exceeded it', () => {
    const last = { ...FRESH, spent: ATTEMPTS.giveUp - 1 }
    const when = (leftMs: number) =>
      judge(named('chargePayment'), last, { kind: 'fault', error: 'X' }, { isWoken: false, leftMs }, POLICIES)
    expect([when(1), when(0)]).toMatchObject([{ code: 'STEP_FAILED' }, { code: 'DEADLINE_EXCEEDED' }])
  })

  it('is too late after the deadline before the pivot, and at the pivot unless that was tried', () => {
    const tried = { ...FRESH, isTried: true }
    expect(isTooLate(named('chargePayment'), tried, 0)).toBe(true)
    expect(isTooLate(named('chargePayment'), tried, 1)).toBe(false)
    expect(isTooLate(named('completeOrder'), FRESH, 0)).toBe(true)
    expect(isTooLate(named('completeOrder'), tried, 0)).toBe(false)
    expect(isTooLate(named('refundPayment'), FRESH, 0)).toBe(false)
    expect(isTooLate(named('notifyCustomer'), FRESH, 0)).toBe(false)
  })

  it('is parked anew when an operator had it tried again and it still finds its provider away', () => {
    const parked = { ...FRESH, isParked: true, waits: 3 }
    const away = { kind: 'unavailable', why: 'BREAKER_OPEN' } as const
    const when = (isWoken: boolean) =>
      judge(named('refundPayment'), parked, away, { isWoken, leftMs: 0 }, POLICIES)
    expect(when(true)).toMatchObject({ note: { kind: 'parked', why: 'BREAKER_OPEN' } })
    expect(when(false)).not.toHaveProperty('note')
  })

  it('is of no task where the definition has no such activity', () => {
    expect(taskOf(steps, 'wrapGift')).toBeUndefined()
  })
})
