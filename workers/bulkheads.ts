import { PARTICIPANTS, type Participant } from '../domain/participants.ts'
import { PROVIDERS, type Provider } from '../providers.ts'

/** Queued attempts of one participant: how many at once in a process, and how many per second over all. */
export type Bulkhead = Provider

/** A participant whose steps are rows of ours. */
const AT_A_ROW: Bulkhead = { slots: 50, perSecond: 200 }

const OWN: Partial<Record<Participant, Bulkhead>> = {
  ...PROVIDERS,
  loyalty: { slots: 20, perSecond: 100 },
  // Optional work gets little, so that it cannot starve what an order needs.
  notification: { slots: 5, perSecond: 20 },
}

/** Each participant has its own queue, slots and rate, so that a slow one uses up no other's. */
export const bulkheadOf = (participant: Participant): Bulkhead => OWN[participant] ?? AT_A_ROW

export const PARTICIPANT_NAMES = Object.keys(PARTICIPANTS) as Participant[]

/** The participants whose queues carry workflows too: one for each kind of saga. */
export const SAGA_PARTICIPANTS: readonly Participant[] = ['order', 'transfer', 'return']
