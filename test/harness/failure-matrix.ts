import { expect } from 'vitest'
import { ATTEMPTS } from '../../workflows/saga/policies.ts'
import type { SagaDefinition } from '../../workflows/saga/definition.ts'
import type { Interference } from './interference.ts'
import type { System } from './system.ts'

export const TROUBLES = ['refuses', 'faults beyond its attempts', 'loses its reply'] as const
export type Trouble = (typeof TROUBLES)[number]

/** A saga that has ended, as the API shows it. */
export interface Ended {
  id: string
  status: string
  reason: { code: string; step: string } | null
}

export interface Arrangement<Wishes> {
  wishes?: Wishes
  /** For a step without a provider that could be told to misbehave. */
  interference?: Interference
  /** Cancelled over HTTP just before the step. */
  isCancelledFirst?: boolean
  /** The code with which the saga then ends, where it is not completed. */
  code?: string
  /** Whether the step is begun, so that its own undo is due. */
  isBegun?: boolean
}

/** What a step survives: how a saga is told to meet it. */
export interface Hardship<Wishes> {
  wishes?: Wishes
  interference?: Interference
}

/** All that the matrix must know of a saga besides its definition. A new step has no entry, and its tests then say so. */
export interface Trials<Wishes, E extends Ended> {
  definition: SagaDefinition
  troubles: Record<string, Record<Trouble, Arrangement<Wishes>>>
  hardships: Record<string, Record<string, Hardship<Wishes>>>
  events: {
    opening: string
    rejected: string
    cancelled: string
    steps: Record<string, { done: string; undone: string; undoneUnseen?: string }>
  }
  /** Runs one to its end, for a party of its own by which interferences know it. */
  run(system: System, party: string, wishes: Wishes | undefined): Promise<E>
  cancel(system: System, id: string): Promise<unknown>
  eventTypes(system: System, id: string): Promise<string[]>
  /** What stands in the tables and at the providers: after all steps, or after those of `undone` were undone. */
  expectEffects(system: System, ended: E, undone: readonly string[] | undefined): Promise<void>
}

export const EVERY_ATTEMPT = ATTEMPTS.giveUp
export const faults = (times: number): Interference => ({ kind: 'faults', times })
export const losesReply: Interference = { kind: 'loses its reply', times: 1 }

/** The rows of a step that acts within our own database. */
export const AT_A_ROW = {
  'fails twice': { interference: faults(2) },
  'loses its reply': { interference: losesReply },
}

const stepsOf = ({ compensatable, pivot }: SagaDefinition) => [...compensatable, pivot]

/** Every step up to the pivot, with every trouble. */
export const matrixOf = ({ definition }: Pick<Trials<never, never>, 'definition'>) =>
  stepsOf(definition).flatMap(({ execute: step }) => TROUBLES.map((trouble) => ({ step, trouble })))

/** Every step with everything that it survives; the rows of a step that the table does not know fail. */
export const survivedBy = ({
  definition,
  hardships,
}: Pick<Trials<never, never>, 'definition'> & { hardships: Record<string, object> }) =>
  stepsOf(definition).flatMap(({ execute: step }) =>
    Object.keys(hardships[step] ?? { 'is not in the table': {} }).map((hardship) => ({ step, hardship })),
  )

const cancelFirst = <Wishes, E extends Ended>(
  system: System,
  trials: Trials<Wishes, E>,
  party: string,
  step: string,
): void => system.interferences.plan(party, step, { kind: 'preceded', by: (id) => trials.cancel(system, id) })

/** Runs one saga into its trouble, and expects of every table and of the providers what the definition predicts. */
export async function runIntoTrouble<Wishes, E extends Ended>(
  system: System,
  trials: Trials<Wishes, E>,
  step: string,
  trouble: Trouble,
): Promise<E> {
  const arrangement = trials.troubles[step]?.[trouble]
  if (arrangement === undefined) throw new Error(`The trials do not say how ${step} ${trouble}`)
  const party = `cus_${step}_${TROUBLES.indexOf(trouble)}`
  const { interference, isCancelledFirst, code } = arrangement
  if (interference !== undefined) system.interferences.plan(party, step, { ...interference })
  if (isCancelledFirst === true) cancelFirst(system, trials, party, step)
  const ended = await trials.run(system, party, arrangement.wishes)
  if (code === undefined) await expectCompleted(system, trials, ended)
  else await expectUndone(system, trials, ended, { step, code, isBegun: arrangement.isBegun === true })
  return ended
}

/**
 * Leads one saga through a hardship. Alone it is completed; with a compensation that fails twice it is cancelled right
 * before the pivot, and everything is still undone.
 */
export async function survive<Wishes, E extends Ended>(
  system: System,
  trials: Trials<Wishes, E>,
  { step, hardship }: { step: string; hardship: string },
  isTurnedBack: boolean,
): Promise<void> {
  const { hardships, definition } = trials
  const found = hardships[step]?.[hardship]
  if (found === undefined) throw new Error(`The trials do not say how ${step} ${hardship}`)
  const party = `cus_${step}_${Object.keys(hardships[step] ?? {}).indexOf(hardship)}_${isTurnedBack ? 'back' : 'on'}`
  if (found.interference !== undefined) system.interferences.plan(party, step, { ...found.interference })
  const pivot = definition.pivot.execute
  if (isTurnedBack) {
    const compensation = definition.compensatable.find(({ execute }) => execute === step)?.compensate
    cancelFirst(system, trials, party, pivot)
    if (compensation !== undefined) system.interferences.plan(party, compensation, faults(2))
  }
  const ended = await trials.run(system, party, found.wishes)
  if (!isTurnedBack) return expectCompleted(system, trials, ended)
  await expectUndone(system, trials, ended, { step: pivot, code: 'CANCELLED_BY_CUSTOMER', isBegun: false })
}

/** Completed: one effect of each step. */
export async function expectCompleted<Wishes, E extends Ended>(
  system: System,
  trials: Trials<Wishes, E>,
  ended: E,
): Promise<void> {
  expect(ended).toMatchObject({ status: 'completed', reason: null })
  const { steps } = trials.events
  const told = (await trials.eventTypes(system, ended.id)).filter((type) =>
    Object.values(steps).some(({ done }) => done === type),
  )
  expect(told).toEqual(trials.definition.compensatable.map(({ execute }) => steps[execute]?.done))
  await trials.expectEffects(system, ended, undefined)
}

/** Turned back: what was begun is undone in exact reverse order, once, and nothing of it stands. */
async function expectUndone<Wishes, E extends Ended>(
  system: System,
  trials: Trials<Wishes, E>,
  ended: E,
  { step, code, isBegun }: { step: string; code: string; isBegun: boolean },
): Promise<void> {
  const isCancelled = code === 'CANCELLED_BY_CUSTOMER'
  expect(ended).toMatchObject({ status: isCancelled ? 'cancelled' : 'rejected', reason: { code, step } })
  const { opening, rejected, cancelled, steps } = trials.events
  const names = stepsOf(trials.definition).map(({ execute }) => execute)
  const before = names.slice(0, names.indexOf(step))
  const own = steps[step]
  const told = await trials.eventTypes(system, ended.id)
  expect(told.filter((type) => type !== 'WaitingBegun')).toEqual([
    opening,
    ...before.map((name) => steps[name]?.done),
    ...(isCancelled ? ['CancelRequested'] : []),
    'CompensationBegun',
    ...(isBegun ? [own?.undoneUnseen ?? own?.undone] : []),
    ...before.toReversed().map((name) => steps[name]?.undone),
    isCancelled ? cancelled : rejected,
  ])
  await trials.expectEffects(system, ended, before)
}
