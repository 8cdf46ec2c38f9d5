import { outline, type SagaDefinition, type StepOutline } from './definition.ts'

export type { StepOutline } from './definition.ts'

/** The update that interrupts a saga's waits, so that it looks at its row again. It decides nothing. */
export const WAKE_UPDATE = 'wake'

/** The input of every saga's workflow. It carries all that decides its course, so a changed setting spares it. */
export interface SagaInput {
  readonly id: string
  /** The definition to run, e.g. `order@1`. */
  readonly definition: string
  /** Milliseconds since the epoch. */
  readonly deadlineAt: number
  /** Steps that are never tried locally. */
  readonly queued?: readonly string[]
  /** Factor on every wait and back-off; 1 unless a test or a demonstration is in a hurry. */
  readonly pace?: number
}

/** All that a client may know of a saga. */
export interface SagaContract {
  /** What it is a saga of, e.g. `order`: the first part of its workflows' ids and of its streams'. */
  readonly kind: string
  readonly workflowType: string
  /** The participant whose queue the workflows are on. */
  readonly queue: string
  /** Name and version of the definition that new sagas are run by. */
  readonly definition: string
  readonly steps: readonly StepOutline[]
  /** The id of a saga's workflow, and of its event stream. */
  workflowId(sagaId: string): string
}

export function contractOf(workflowType: string, saga: SagaDefinition): SagaContract {
  const kind = kindOf(saga.name)
  return {
    kind,
    workflowType,
    queue: saga.journal.at,
    definition: saga.name,
    steps: outline(saga),
    workflowId: (sagaId) => `${kind}-${sagaId}`,
  }
}

/** What a definition is of: `order` for `order@1`. */
export const kindOf = (definition: string): string => definition.slice(0, definition.indexOf('@'))
