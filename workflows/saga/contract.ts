import type { Composition } from '../../domain/saga/composition.ts'
import type { StepOutline } from '../../domain/saga/step-outline.ts'
import { outline, type SagaDefinition } from './definition.ts'

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
export interface SagaContract<Content = never> {
  /** What it is a saga of, e.g. `order`: the first part of its workflows' ids and of its streams'. */
  readonly kind: string
  readonly workflowType: string
  /** The participant whose queue the workflows are on. */
  readonly queue: string
  /** What a new saga is run by. It depends on what the saga is about, where there are several. */
  readonly compose: (content: Content) => Composition
  /** The names of all definitions that new sagas are run by. */
  readonly current: ReadonlySet<string>
  /** The steps of every definition, by its name. A definition that is missing is one that this code does not know. */
  readonly steps: ReadonlyMap<string, readonly StepOutline[]>
  /** The id of a saga's workflow. */
  workflowId(sagaId: string): string
}

/** How the definition of a new saga follows from what it is about, and all that it can be about. */
interface Slip<Content> {
  readonly contents: readonly Content[]
  readonly compose: (content: Content) => SagaDefinition
}

/**
 * @param definitions every version of one saga, oldest first.
 * @param slip which of them runs a new saga: the last, unless said otherwise.
 * @throws Error when there is none, when two have one name, when they are not versions of one saga, or when a new saga may
 *   be run by one that is not among them.
 */
export function contractOf<Content = undefined>(
  workflowType: string,
  definitions: readonly SagaDefinition[],
  slip?: Slip<Content>,
): SagaContract<Content> {
  const newest = definitions.at(-1)
  if (newest === undefined) throw new Error(`${workflowType} has no definition`)
  const kind = kindOf(newest.name)
  const steps = new Map(definitions.map((definition) => [definition.name, outline(definition)]))
  if (steps.size < definitions.length) throw new Error(`${workflowType} has two definitions of one name`)
  const stranger = definitions.find(
    ({ name, journal }) => kindOf(name) !== kind || journal.at !== newest.journal.at,
  )
  if (stranger !== undefined) throw new Error(`${stranger.name} is no version of ${newest.name}`)
  const compose = slip?.compose ?? (() => newest)
  const current = new Set(slip?.contents.map((content) => compose(content).name) ?? [newest.name])
  const unknown = [...current].find((name) => !steps.has(name))
  if (unknown !== undefined) throw new Error(`${workflowType} does not know ${unknown}`)
  return {
    kind,
    workflowType,
    queue: newest.journal.at,
    compose(content) {
      const { name, compensatable } = compose(content)
      return { definition: name, beforePivot: compensatable.map(({ execute }) => execute) }
    },
    current,
    steps,
    workflowId: (sagaId) => `${kind}-${sagaId}`,
  }
}

/** What a definition is of: `order` for `order@1`. */
export const kindOf = (definition: string): string => definition.slice(0, definition.indexOf('@'))
