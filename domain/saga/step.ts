import type { Database } from '../../prisma/client.ts'
import type { PerProvider, ProviderName } from '../../providers.ts'
import type { ProviderHttp } from '../provider/http.ts'
import type { ProviderStates } from '../provider/keyed.ts'
import type { Attempt } from '../provider/protocol.ts'
import type { SagaKind } from './ids.ts'
import type { StepAnswer } from './step-answer.ts'

/**
 * A step of a saga and its undo, as the whole system knows them: the activities, the views, the fold of the events, the
 * invariants and the tests follow from it. `row-step.ts`, `provider-step.ts` and `stream-step.ts` make one.
 */
export interface Step<Name extends string = string, Undo extends string = string, Events = object> {
  readonly name: Name
  /** The name of its compensation; a pivot and a retriable step have none. */
  readonly undo: Undo | undefined
  readonly events: StepEvents
  /** Where its effect is, when that is not our own database. */
  readonly provider: ProviderName | undefined
  /** The field of its recorded effect by which its provider calls it. */
  readonly reference: string | undefined
  /** What its provider may refuse. */
  readonly refusals: Refusals
  /** The codes that it refuses with, by whatever rule: a saga has one of them as its reason. */
  readonly refuses: readonly string[]
  /** What must be true of its effect at any moment. */
  readonly invariants: readonly Invariant[]
  /** What its provider says that it did, to be compared with the orders that have ended. */
  readonly ledger: StepLedger | undefined
  /** How what its provider lists is compared with our record of it. */
  readonly reconciled: Reconciled | undefined
  /** The attempts at it, each by the name of its activity. */
  bind(ports: StepPorts): Readonly<Record<Name | Undo, StepAttempt>>
  /** The data of its events by their type. There is no such value: it is for the compiler. */
  readonly eventData?: Events
}

/** The types of the events of a step. */
export interface StepEvents {
  readonly done: string
  /** What its undo did; the second, where there is one, that there was nothing to undo. */
  readonly undone: readonly string[]
}

/** One attempt. @throws Fault, or an error of the database, for everything that is not an answer. */
export type StepAttempt = (sagaId: string, attempt: Attempt) => Promise<StepAnswer<never>>

/** All that a step needs of the world. */
export interface StepPorts {
  db: Database
  reach: Reach
  providers: PerProvider<ProviderHttp>
}

/** Called at the named points of a step, as `step:point`; tests kill or freeze the process there. */
export type Reach = (point: string) => void

/** A provider's codes for a refusal, and ours. Its text goes no further. */
export type Refusals = Readonly<Record<string, { readonly code: string; readonly detail: string }>>

export interface Invariant {
  /** Invariants of one name are shown as one. */
  readonly name: string
  /**
   * A query for what violates it: the ids, or what else names it, as `offender`. It may read `its_sagas (id, status)`:
   * the sagas whose definition has the step.
   */
  readonly violations: string
}

export interface StepLedger {
  /** The name of the check. */
  readonly check: string
  /** The kind of saga that it is a step of. */
  readonly saga: SagaKind
  /** The list in the provider's ledger. */
  readonly collection: string
  /** The state of an effect that stands; undefined where the list has no others. */
  readonly live: string | undefined
  /** Whether an entry is what was asked for; any entry is unless said otherwise. */
  readonly isRight?: (entry: LedgerEntry, asked: { amountMinor: number; currency: string }) => boolean
}

/** What reconciliation knows of a step at a provider. */
export interface Reconciled {
  /** The kind of saga that it is a step of. */
  readonly saga: SagaKind
  /** The provider's collection, e.g. `charges`. */
  readonly collection: string
  readonly states: ProviderStates
  /** Whether a saga that turns back undoes it. */
  readonly isUndone: boolean
  /** Whether it has an amount. */
  readonly isMoney: boolean
  /**
   * A query for our record of it: `key, saga_id, amount_minor, currency, is_live, changed_at`. An index has the last and
   * the first of them.
   */
  readonly ours: string
}

/** An effect as a provider's ledger has it. */
export interface LedgerEntry {
  readonly key: string
  readonly state?: string
  readonly [name: string]: unknown
}

/** What is the same of every step whose effect is in our own database. */
export const ownStep = <const Name extends string, const Undo extends string>({
  name,
  event,
  undo,
  refuses = [],
  invariants = [],
}: {
  readonly name: Name
  readonly event: string
  readonly undo?: { readonly name: Undo; readonly event: string }
  readonly refuses?: readonly string[]
  readonly invariants?: readonly Invariant[]
}) => ({
  name,
  undo: undo?.name,
  events: { done: event, undone: undo === undefined ? [] : [undo.event] },
  provider: undefined,
  reference: undefined,
  refusals: {},
  refuses,
  invariants,
  ledger: undefined,
  reconciled: undefined,
})

/** Steps by participant. */
export type Participants = Readonly<Record<string, Readonly<Record<string, Step>>>>

/** Without their participants. */
export const allSteps = (those: Participants): Step[] =>
  Object.values(those).flatMap((steps) => Object.values(steps))

type EventDataOf<One> = One extends Step<string, string, infer Events> ? Events : never

type Intersection<Union> = (Union extends unknown ? (one: Union) => void : never) extends (
  all: infer All,
) => void
  ? All
  : never

/** The data of the events of all steps of some participants, by their type. */
export type EventsOf<Those> = Intersection<
  { [At in keyof Those]: EventDataOf<Those[At][keyof Those[At]]> }[keyof Those]
>

/** The names of the activities of some steps. */
type ActivityOf<One> = One extends Step<infer Name, infer Undo> ? Name | Undo : never

/** The attempts at all steps, by participant and activity. */
export type BoundSteps<Those> = {
  readonly [At in keyof Those]: { readonly [Name in ActivityOf<Those[At][keyof Those[At]]>]: StepAttempt }
}

export function bindSteps<Those extends Participants>(those: Those, ports: StepPorts): BoundSteps<Those> {
  const bound = Object.entries(those).map(([at, steps]) => [
    at,
    Object.assign({}, ...Object.values(steps).map((step) => step.bind(ports))),
  ])
  return Object.fromEntries(bound) as BoundSteps<Those>
}
