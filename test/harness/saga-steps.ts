import { PARTICIPANTS, type Participant } from '../../domain/participants.ts'
import { allSteps, type Step } from '../../domain/saga/step.ts'
import { PARTICIPANT_NAMES } from '../../workers/bulkheads.ts'
import { isWholeMatrix } from './matrix.ts'
import type { StepKind } from '../../domain/saga/step-outline.ts'
import { outline, type SagaDefinition } from '../../workflows/saga/definition.ts'

/** A step of a saga: what the registry and the definition know of it. Tests follow from it. */
export interface SagaStep extends Step {
  readonly kind: StepKind
  readonly at: string
  /** Left out when its attempts are spent. */
  readonly isOptional: boolean
}

const REGISTRY = new Map(allSteps(PARTICIPANTS).map((step) => [step.name, step]))

/** Every step of a saga, in its order. */
export function stepsOf(saga: SagaDefinition): SagaStep[] {
  return outline(saga).map(({ name, kind, at }) => {
    const step = REGISTRY.get(name)
    if (step === undefined) throw new Error(`${saga.name} names ${name}, which is not in the registry`)
    const isOptional = saga.retriable.some(({ execute, optional }) => execute === name && optional === true)
    return Object.assign({}, step, { kind, at, isOptional })
  })
}

/** The steps that all but the whole matrix try everything at: the first of each kind; all of them in the whole matrix. */
export function triedSteps(saga: SagaDefinition): SagaStep[] {
  const kindOf = ({ kind, provider }: SagaStep) => `${kind} ${provider === undefined ? 'ours' : 'provider'}`
  const steps = stepsOf(saga)
  if (isWholeMatrix) return steps
  return steps.filter((step, index) => steps.findIndex((other) => kindOf(other) === kindOf(step)) === index)
}

/** Whose queues a saga needs. */
export function participantsOf(saga: SagaDefinition): Participant[] {
  const names = new Set([saga.journal.at, ...outline(saga).map(({ at }) => at)])
  return PARTICIPANT_NAMES.filter((name) => names.has(name))
}

/** The points at which a process can be killed in an activity of a step, as failpoints name them. */
export const pointsIn = (activity: string, { provider }: SagaStep): string[] =>
  (provider === undefined ? ['before', 'after'] : ['before', 'before-call', 'before-record', 'after']).map(
    (point) => `${activity}:${point}`,
  )
