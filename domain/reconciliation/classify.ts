import { VOIDED, type ProviderStates } from '../provider/keyed.ts'
import { isTerminal } from '../saga/status.ts'

export const CLASSES = ['missing_here', 'missing_there', 'amount', 'currency', 'state', 'late'] as const
export type DifferenceClass = (typeof CLASSES)[number]

/** One side of a pair, as it is shown. Without an amount where there is none: a parcel, or a key that is void. */
export interface Side {
  amountMinor: number | null
  currency: string | null
  /** By the provider's own name. */
  state: string
}

/** What a provider says of a key. */
export interface Theirs extends Side {
  /** By the provider's clock; null where it does not say. */
  changedAt: Date | null
}

/** What we know of a key. */
export interface Ours {
  /** Our record of the effect. */
  record: { amountMinor: number | null; currency: string | null; isLive: boolean; changedAt: Date } | null
  /** The saga that the key or the record names, where there is one. */
  saga: { id: string; status: string; updatedAt: Date } | null
  /** The state of the step's fence; null where the step was not begun. */
  fence: string | null
}

/** The rules of the step that a key is of. */
export interface PairRules {
  states: ProviderStates
  /** Whether a saga that turns back undoes it: a step after the pivot goes forward until it is done. */
  isUndone: boolean
  isMoney: boolean
  /** The end of the window, by our clock: what has changed after it is not judged. */
  until: Date
}

/** 'deferred': it is a difference now, and the saga is still at it. */
export type Verdict = { kind: 'agrees' } | { kind: 'differs' | 'deferred'; class: DifferenceClass }

/** A step that is still to be done after its saga has completed is late when its effect has stood for this long. */
export const LATE_AFTER_MS = 24 * 3_600_000

const AGREES: Verdict = { kind: 'agrees' }

/** Judges one key of one step. It knows no clock: `rules.until` is the time of the run. */
export function classify(ours: Ours, theirs: Theirs | undefined, rules: PairRules): Verdict {
  const found = compare(ours, theirs, rules)
  if (found === undefined) return AGREES
  return { kind: isInFlight(ours, theirs, rules) ? 'deferred' : 'differs', class: found }
}

/** Whether the saga may still bring both sides together, or a side has changed since the window was closed. */
function isInFlight(
  { record, saga, fence }: Ours,
  theirs: Theirs | undefined,
  { until, isUndone }: PairRules,
): boolean {
  const standsSince = theirs?.changedAt ?? undefined
  const changes = [record?.changedAt, saga?.updatedAt, standsSince]
  if (changes.some((at) => at !== undefined && at >= until)) return true
  if (saga === null) return false
  if (!isTerminal(saga.status)) return true
  const isToBeDone = saga.status === 'completed' && !isUndone && (fence === null || UNSETTLED.has(fence))
  return isToBeDone && !(standsSince !== undefined && +until - +standsSince > LATE_AFTER_MS)
}

/** States of a fence whose step is begun, and not settled. */
const UNSETTLED: ReadonlySet<string> = new Set(['pending', 'intended', 'undoing'])

/** What their word for a state means. */
type Standing = 'live' | 'undone' | 'pending' | 'void' | 'unknown'

function standingOf({ state }: Side, states: ProviderStates): Standing {
  if (state === states.live) return 'live'
  if (state === states.undone) return 'undone'
  if (state === states.pending) return 'pending'
  return state === VOIDED ? 'void' : 'unknown'
}

function compare(
  { record, saga, fence }: Ours,
  theirs: Theirs | undefined,
  rules: PairRules,
): DifferenceClass | undefined {
  const standing = theirs === undefined ? undefined : standingOf(theirs, rules.states)
  if (record === null) return standing === undefined ? undefined : unrecorded(saga, fence, standing, rules)
  if (theirs === undefined) return 'missing_there'
  if (standing === 'void') return 'state'
  if (rules.isMoney && theirs.currency !== record.currency) return 'currency'
  if (rules.isMoney && theirs.amountMinor !== record.amountMinor) return 'amount'
  // An undo that was given up is written off: an operator may have made it good at the provider.
  if (fence === 'skipped' && rules.isUndone && standing === 'undone') return undefined
  return standing === (record.isLive ? 'live' : 'undone') ? undefined : 'state'
}

/** The provider knows a key of which we have no record. */
function unrecorded(
  saga: Ours['saga'],
  fence: string | null,
  standing: Standing,
  { isUndone }: PairRules,
): DifferenceClass | undefined {
  if (standing === 'void') return undefined
  // A saga that we do not know, or whose step was done and has lost its record.
  if (saga === null || fence === 'done') return 'missing_here'
  // An attempt that came late, or an answer that was not what was asked for, undoes its own effect and records none.
  if (standing === 'undone') return undefined
  return fence === 'skipped' && isUndone ? undefined : 'late'
}

/** Our record in the provider's words; null where there is none. */
export const sideOf = ({ record }: Ours, { states }: Pick<PairRules, 'states'>): Side | null =>
  record === null
    ? null
    : {
        amountMinor: record.amountMinor,
        currency: record.currency,
        state: record.isLive ? states.live : states.undone,
      }
