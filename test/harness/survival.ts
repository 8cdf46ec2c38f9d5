import { expect } from 'vitest'
import { cancelFirst, faults, partyOf, settled } from './failure-matrix.ts'
import type { Interference } from './interference.ts'
import type { Misbehaviour } from './misbehaviour.ts'
import { stepsOf, triedSteps, type SagaStep } from './saga-steps.ts'
import type { System } from './system.ts'
import { ended, expectCompleted, expectTurnedBack, type Shown, type Trials } from './trials.ts'

/** What every step at a provider survives. */
export const AT_A_PROVIDER: Readonly<Record<string, Misbehaviour>> = {
  'fails twice': { kind: 'fails', times: 2 },
  'loses its reply': { kind: 'loses its reply', times: 1 },
  'is slow': { kind: 'is slow', ms: 1200 },
  hangs: { kind: 'hangs' },
  'is limited': { kind: 'is limited', times: 1 },
}

/** What every step in our own database survives. */
const AT_OURS: Readonly<Record<string, Interference>> = {
  'fails twice': faults(2),
  'loses its reply': { kind: 'loses its reply', times: 1 },
}

/** Every step that is tried, with everything that it survives. */
export const survivedBy = ({ definition }: { definition: Trials<never, Shown>['definition'] }) =>
  triedSteps(definition).flatMap((step) =>
    Object.keys(step.provider === undefined ? AT_OURS : AT_A_PROVIDER).map((hardship) => ({
      step: step.name,
      kind: step.kind,
      hardship,
    })),
  )

/** Lets an activity of a step meet a hardship, wherever the step has its effect. */
function plan(
  { interferences }: System,
  party: string,
  activity: string,
  { provider }: SagaStep,
  hardship: string,
): void {
  const [ours, theirs] = [AT_OURS[hardship], AT_A_PROVIDER[hardship]]
  if (provider !== undefined && theirs !== undefined) interferences.planAtProvider(party, activity, theirs)
  else if (provider === undefined && ours !== undefined) interferences.plan(party, activity, ours)
  else throw new Error(`No step like ${activity} ${hardship}`)
}

/**
 * Leads one saga through a hardship. Alone it is completed; with a compensation that fails twice it is cancelled right
 * before the pivot, and everything is still undone.
 */
export async function survive<Wishes, S extends Shown>(
  system: System,
  trials: Trials<Wishes, S>,
  row: { step: string; hardship: string },
  isTurnedBack: boolean,
): Promise<void> {
  const step = stepsOf(trials.definition).find(({ name }) => name === row.step)
  if (step === undefined) throw new Error(`${trials.definition.name} has no step ${row.step}`)
  const party = partyOf(trials.definition, isTurnedBack ? 'back' : 'on', step.name, row.hardship)
  const pivot = trials.definition.pivot.execute
  plan(system, party, step.name, step, row.hardship)
  if (isTurnedBack) {
    cancelFirst(system, trials, party, pivot)
    if (step.undo !== undefined) plan(system, party, step.undo, step, 'fails twice')
  }
  const { id } = await trials.place(system, party)
  const end = await ended(system, trials, id)
  if (step.kind === 'retriable') expect(await settled(system, trials, id, step.name)).toBe('done')
  const planned = [step.name, ...(isTurnedBack && step.undo !== undefined ? [step.undo] : [])]
  expect(planned.filter((activity) => !system.interferences.isMet(party, activity))).toEqual([])
  if (!isTurnedBack) return expectCompleted(system, trials, end)
  await expectTurnedBack(system, trials, end, { step: pivot, code: 'CANCELLED_BY_CUSTOMER' })
}
