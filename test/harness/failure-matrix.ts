import { expect } from 'vitest'
import type { SagaDefinition } from '../../workflows/saga/definition.ts'
import { ATTEMPTS } from '../../workflows/saga/policies.ts'
import type { Interference } from './interference.ts'
import type { Misbehaviour } from './misbehaviour.ts'
import { until } from './poll.ts'
import { stepsOf, type SagaStep } from './saga-steps.ts'
import type { System } from './system.ts'
import { ended, expectCompleted, expectTurnedBack, type Shown, type Trials } from './trials.ts'

/** How one saga is made to meet a trouble at one of its steps, and what then becomes of it. */
export interface Trouble<Wishes> {
  step: string
  trouble: string
  wishes?: Wishes
  /** Done to the step's own call, in the worker. */
  interference?: Interference
  /** Done by the step's provider. */
  misbehaviour?: Misbehaviour
  /** Cancelled over HTTP just before the step. */
  isCancelledFirst?: boolean
  /** The code with which the saga then turns back; without one it is completed. */
  code?: string
  /** Whether the step is begun, so that its own undo is due. */
  isBegun?: boolean
  /** How a step after the pivot ends. */
  state?: 'done' | 'skipped'
}

export const faults = (times: number): Interference => ({ kind: 'faults', times })

/** Every step with every trouble that it can meet: what that is follows from what the step is. */
export function matrixOf<Wishes, S extends Shown>(trials: Trials<Wishes, S>): Trouble<Wishes>[] {
  return stepsOf(trials.definition).flatMap((step) => {
    const its = step.provider === undefined ? troublesOfOurs(trials, step) : troublesAtProvider(step)
    return its.map((trouble) => Object.assign({ step: step.name }, trouble))
  })
}

type TroubleOfStep<Wishes> = Omit<Trouble<Wishes>, 'step'>

const CANCELLED_FIRST = {
  trouble: 'is preceded by a cancel',
  isCancelledFirst: true,
  code: 'CANCELLED_BY_CUSTOMER',
} as const

/** A step in our own database fails before it does anything, or its answer is lost after the commit. */
function troublesOfOurs<Wishes, S extends Shown>(
  { refusals }: Trials<Wishes, S>,
  { name, kind, isOptional }: SagaStep,
): TroubleOfStep<Wishes>[] {
  const losesReply = {
    trouble: 'loses its reply',
    interference: { kind: 'loses its reply', times: 1 },
  } as const
  const faultsBeyond = (attempts: number) => ({
    trouble: 'faults beyond its attempts',
    interference: faults(attempts),
  })
  const refusal = refusals[name]
  const refuses = refusal === undefined ? [] : [{ trouble: 'refuses', ...refusal }]
  switch (kind) {
    case 'compensatable':
      return [
        ...refuses,
        CANCELLED_FIRST,
        { ...faultsBeyond(ATTEMPTS.giveUp), code: 'STEP_FAILED' },
        losesReply,
      ]
    case 'pivot':
      // Its attempts are not limited: it is parked in between, and still gets its answer.
      return [...refuses, CANCELLED_FIRST, faultsBeyond(ATTEMPTS.untilAnswered), losesReply]
    case 'retriable':
      return [
        isOptional
          ? { ...faultsBeyond(ATTEMPTS.bestEffort), state: 'skipped' }
          : { ...faultsBeyond(ATTEMPTS.untilDone), state: 'done' },
        { ...losesReply, state: 'done' },
        // It comes too late.
        { trouble: CANCELLED_FIRST.trouble, isCancelledFirst: true, state: 'done' },
      ]
  }
}

/** A step at a provider is begun before the provider is called, so that its own undo is due when it fails. */
function troublesAtProvider({ refusals }: SagaStep): TroubleOfStep<never>[] {
  return [
    ...Object.entries(refusals).map(([theirs, { code }]) => ({
      trouble: `refuses with ${theirs}`,
      misbehaviour: { kind: 'refuses', code: theirs } as const,
      code,
    })),
    CANCELLED_FIRST,
    {
      trouble: 'faults beyond its attempts',
      misbehaviour: { kind: 'fails', times: ATTEMPTS.giveUp },
      code: 'STEP_FAILED',
      isBegun: true,
    },
    { trouble: 'loses its reply', misbehaviour: { kind: 'loses its reply', times: 1 } },
  ]
}

export const cancelFirst = <Wishes, S extends Shown>(
  system: System,
  trials: Trials<Wishes, S>,
  party: string,
  step: string,
): void => system.interferences.plan(party, step, { kind: 'preceded', by: (id) => trials.cancel(system, id) })

/** Runs one saga into its trouble, and expects of every table and of the providers what the definition predicts. */
export async function runIntoTrouble<Wishes, S extends Shown>(
  system: System,
  trials: Trials<Wishes, S>,
  trouble: Trouble<Wishes>,
): Promise<void> {
  const { step, wishes, interference, misbehaviour, code, isBegun = false, state } = trouble
  const party = partyOf(trials.definition, step, trouble.trouble)
  if (interference !== undefined) system.interferences.plan(party, step, interference)
  if (misbehaviour !== undefined) system.interferences.planAtProvider(party, step, misbehaviour)
  if (trouble.isCancelledFirst === true) cancelFirst(system, trials, party, step)
  const { id } = await trials.place(system, party, wishes)
  const end = await ended(system, trials, id)
  if (code === undefined) await expectCompleted(system, trials, end)
  else await expectTurnedBack(system, trials, end, { step, code, isBegun })
  if (state !== undefined) expect(await settled(system, trials, id, step)).toBe(state)
  expect([step, system.interferences.isMet(party, step) || wishes !== undefined]).toEqual([step, true])
}

/** How a step after the pivot ends: it goes on when its saga is completed already. */
export const settled = <Wishes, S extends Shown>(
  system: System,
  trials: Trials<Wishes, S>,
  id: string,
  step: string,
): Promise<string> =>
  until(`${step} to end`, async () => {
    const { steps } = await trials.show(system, id)
    const state = steps.find(({ name }) => name === step)?.state
    return state === 'done' || state === 'skipped' ? state : undefined
  })

/** A customer, or an account, that is distinguished by its saga and by what that is to meet. */
export const partyOf = ({ name }: SagaDefinition, ...parts: readonly string[]): string => {
  const [, ...variant] = name.split('+')
  return `cus_${[...variant, ...parts].join('_').replaceAll(/[^A-Za-z0-9]+/g, '_')}`.slice(0, 60)
}
