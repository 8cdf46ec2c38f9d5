import { expect } from 'vitest'
import type { SagaDefinition } from '../../workflows/saga/definition.ts'
import { until } from './poll.ts'
import { stepsOf } from './saga-steps.ts'
import type { System } from './system.ts'

/** A saga as the API shows it. */
export interface Shown {
  id: string
  status: string
  reason: { code: string; step: string } | null
  steps: { name: string; state: string }[]
}

/** All that tests must know of a kind of saga besides its definition and the registry. A new step has no entry here. */
export interface Trials<Wishes, S extends Shown> {
  definition: SagaDefinition
  events: { opening: string; rejected: string; cancelled: string }
  /** What steps in our own database refuse by rules of their own: no definition can say that. */
  refusals: Partial<Record<string, { wishes: Wishes; code: string }>>
  /** Places one for a party of its own, by which interferences know it. */
  place(system: System, party: string, wishes?: Wishes): Promise<{ id: string }>
  show(system: System, id: string): Promise<S>
  cancel(system: System, id: string): Promise<unknown>
  eventTypes(system: System, id: string): Promise<string[]>
  /** What stands in the tables and at the providers: after all steps, or after those of `undone` were undone. */
  expectEffects(system: System, ended: S, undone: readonly string[] | undefined): Promise<void>
}

export const ended = <Wishes, S extends Shown>(
  system: System,
  trials: Trials<Wishes, S>,
  id: string,
): Promise<S> =>
  until(`${id} to end`, async () => {
    const now = await trials.show(system, id)
    return ['completed', 'rejected', 'cancelled'].includes(now.status) ? now : undefined
  })

/** What depends on how long things take, or on whether the workflow was lost. */
const PASSING = new Set(['ProcessingBegun', 'WaitingBegun', 'CompensationDelayed', 'WorkflowRestarted'])

/** Completed: every step up to the pivot is recorded once, in order, with one effect of each. */
export async function expectCompleted<Wishes, S extends Shown>(
  system: System,
  trials: Trials<Wishes, S>,
  completed: S,
): Promise<void> {
  expect(completed).toMatchObject({ status: 'completed', reason: null })
  const steps = stepsOf(trials.definition)
  const done = (await trials.eventTypes(system, completed.id)).filter((type) =>
    steps.some(({ kind, events }) => kind !== 'retriable' && events.done === type),
  )
  expect(done).toEqual(steps.filter(({ kind }) => kind !== 'retriable').map(({ events }) => events.done))
  await trials.expectEffects(system, completed, undefined)
}

/** Where a saga turned back, and why. */
export interface TurningBack {
  step: string
  code: string
  /** Whether the step itself was begun, so that its own undo is due, and finds nothing to undo. */
  isBegun?: boolean
}

/** The events of a saga that turned back at a step: what was done is undone in exact reverse order. */
export function eventsOfTurningBack<Wishes, S extends Shown>(
  { definition, events }: Trials<Wishes, S>,
  { step, code, isBegun = false }: TurningBack,
): (string | undefined)[] {
  const steps = stepsOf(definition)
  const at = steps.findIndex(({ name }) => name === step)
  const before = steps.slice(0, at)
  const isCancelled = code === 'CANCELLED_BY_CUSTOMER'
  return [
    events.opening,
    ...before.map((done) => done.events.done),
    ...(isCancelled ? ['CancelRequested'] : []),
    'CompensationBegun',
    ...(isBegun ? [steps[at]?.events.undone.at(-1)] : []),
    ...before.toReversed().map((done) => done.events.undone[0]),
    isCancelled ? events.cancelled : events.rejected,
  ]
}

/** Turned back: what was begun is undone in exact reverse order, once, and nothing of it stands. */
export async function expectTurnedBack<Wishes, S extends Shown>(
  system: System,
  trials: Trials<Wishes, S>,
  back: S,
  turning: TurningBack,
): Promise<void> {
  const { step, code } = turning
  const status = code === 'CANCELLED_BY_CUSTOMER' ? 'cancelled' : 'rejected'
  expect(back).toMatchObject({ status, reason: { code, step } })
  const told = await trials.eventTypes(system, back.id)
  expect(told.filter((type) => !PASSING.has(type))).toEqual(eventsOfTurningBack(trials, turning))
  const names = stepsOf(trials.definition).map(({ name }) => name)
  await trials.expectEffects(system, back, names.slice(0, names.indexOf(step)))
}
