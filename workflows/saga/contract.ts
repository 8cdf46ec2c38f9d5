import { outline, type SagaDefinition, type StepOutline } from './definition.ts'

export type { StepOutline } from './definition.ts'

/** The update that interrupts a saga's waits, so that it looks at its row again. It decides nothing. */
export const WAKE_UPDATE = 'wake'

/**
 * The input of every saga's workflow. It carries all that decides its course, so a changed setting applies to new sagas
 * only.
 */
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

/** All that a client may know of one kind of saga, whichever of its definitions a saga is run by. */
export interface SagaContract {
  /** What it is a saga of, e.g. `order`: the first part of its workflows' ids and of its streams'. */
  readonly kind: string
  readonly workflowType: string
  /** The participant whose queue the workflows are on. */
  readonly queue: string
  /** Name and version of the definition that new sagas are run by. */
  readonly definition: string
  /** Its steps that must be done before its pivot. */
  readonly beforePivot: readonly string[]
  /** The steps of every definition, by its name. A definition that is missing is one that this code does not know. */
  readonly steps: ReadonlyMap<string, readonly StepOutline[]>
  /** The id of a saga's workflow. */
  workflowId(sagaId: string): string
}

/**
 * @param definitions every version of one saga, oldest first: new sagas are run by the last.
 * @throws Error when there is none, when two have one name, or when they are not versions of one saga.
 */
export function contractOf(workflowType: string, definitions: readonly SagaDefinition[]): SagaContract {
  const newest = definitions.at(-1)
  if (newest === undefined) throw new Error(`${workflowType} has no definition`)
  const kind = kindOf(newest.name)
  const steps = new Map(definitions.map((definition) => [definition.name, outline(definition)]))
  if (steps.size < definitions.length) throw new Error(`${workflowType} has two definitions of one name`)
  const stranger = definitions.find(
    ({ name, journal }) => kindOf(name) !== kind || journal.at !== newest.journal.at,
  )
  if (stranger !== undefined) throw new Error(`${stranger.name} is no version of ${newest.name}`)
  return {
    kind,
    workflowType,
    queue: newest.journal.at,
    definition: newest.name,
    beforePivot: newest.compensatable.map(({ execute }) => execute),
    steps,
    workflowId: (sagaId) => `${kind}-${sagaId}`,
  }
}

/** What a definition is of: `order` for `order@1`. */
export const kindOf = (definition: string): string => definition.slice(0, definition.indexOf('@'))
