import type { StepOutline } from '../../domain/saga/step-outline.ts'

/**
 * A saga is data: three lists, in the order in which the textbook gives recovery. The kernel, the console, the
 * metrics, the tests and the diagrams read the same definition.
 */
export interface SagaDefinition {
  /**
   * Name and version, e.g. `order@1`, and what distinguishes it from the plain one of its version, e.g. `order@1+gift`. A
   * changed list is a new name; the old stays while a workflow names it.
   */
  readonly name: string
  /** Undone backwards when something fails for good. */
  readonly compensatable: readonly CompensatableStep[]
  /** The point of no return: once it is done the saga only goes forward. */
  readonly pivot: ForwardStep
  /** Repeated until they are done; an optional one is left out after its attempts. */
  readonly retriable: readonly RetriableStep[]
  readonly journal: JournalActivities
}

export interface ForwardStep {
  /** The participant: its task queue, and the group of its activities. */
  readonly at: string
  /** The activity, which is also the step's name everywhere. */
  readonly execute: string
}

export interface CompensatableStep extends ForwardStep {
  readonly compensate: string
}

export interface RetriableStep extends ForwardStep {
  readonly optional?: boolean
}

/** The activities that write the saga's own record: how it turns back, its progress, how it ends. */
export interface JournalActivities {
  readonly at: string
  readonly begin: string
  /** Progress that is not simply going on. */
  readonly note: string
  /** The wish to cancel. */
  readonly cancel: string
  readonly close: string
}

/** A definition as a client may know it. */
export function outline(saga: SagaDefinition): readonly StepOutline[] {
  return [
    ...saga.compensatable.map((step) => ({
      name: step.execute,
      kind: 'compensatable' as const,
      at: step.at,
      compensation: step.compensate,
      isOptional: false,
    })),
    { name: saga.pivot.execute, kind: 'pivot', at: saga.pivot.at, compensation: null, isOptional: false },
    ...saga.retriable.map((step) => ({
      name: step.execute,
      kind: 'retriable' as const,
      at: step.at,
      compensation: null,
      isOptional: step.optional === true,
    })),
  ]
}

/** Activities by participant. */
type Participants = object

type ActivityOf<Group> = Extract<keyof Group, string>

/** One shape per participant, so that an activity of another participant does not compile. */
type AtParticipant<
  P extends Participants,
  Shape extends 'forward' | 'compensatable' | 'retriable' | 'journal',
> = {
  [At in Extract<keyof P, string>]: { readonly at: At } & (Shape extends 'compensatable'
    ? { readonly execute: ActivityOf<P[At]>; readonly compensate: ActivityOf<P[At]> }
    : Shape extends 'retriable'
      ? { readonly execute: ActivityOf<P[At]>; readonly optional?: boolean }
      : Shape extends 'journal'
        ? {
            readonly begin: ActivityOf<P[At]>
            readonly note: ActivityOf<P[At]>
            readonly cancel: ActivityOf<P[At]>
            readonly close: ActivityOf<P[At]>
          }
        : { readonly execute: ActivityOf<P[At]> })
}[Extract<keyof P, string>]

export interface TypedDefinition<P extends Participants> {
  readonly name: `${string}@${number}${'' | `+${string}`}`
  readonly compensatable: readonly AtParticipant<P, 'compensatable'>[]
  readonly pivot: AtParticipant<P, 'forward'>
  readonly retriable: readonly AtParticipant<P, 'retriable'>[]
  readonly journal: AtParticipant<P, 'journal'>
}

/**
 * Defines a saga over the activities of `P`. A misspelt activity, one of another participant, a compensatable step
 * without an undo, or any step in the wrong list does not compile.
 * @throws Error when two entries name the same activity.
 */
export function defineSaga<P extends Participants>() {
  return (definition: TypedDefinition<P>): SagaDefinition => {
    const named = [
      ...definition.compensatable.flatMap((step) => [step.execute, step.compensate]),
      definition.pivot.execute,
      ...definition.retriable.map((step) => step.execute),
    ]
    const twice = named.find((name, index) => named.indexOf(name) !== index)
    if (twice !== undefined) throw new Error(`${definition.name} names ${twice} twice`)
    return definition
  }
}
