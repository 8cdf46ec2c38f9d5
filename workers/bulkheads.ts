import type { Activities } from '../activities/index.ts'

export interface Bulkhead {
  /** Queued attempts at once, per process. */
  slots: number
  /** Attempts per second that leave the queue, over all processes: how fast waiting orders come back. */
  perSecond: number
}

/**
 * Each participant has its own queue, slots and rate, so that a slow one uses up nobody else's, and optional work
 * cannot starve what an order needs.
 */
export const BULKHEADS: Record<keyof Activities, Bulkhead> = {
  order: { slots: 50, perSecond: 200 },
  inventory: { slots: 50, perSecond: 200 },
  payment: { slots: 30, perSecond: 50 },
  shipping: { slots: 30, perSecond: 50 },
  loyalty: { slots: 20, perSecond: 100 },
  notification: { slots: 5, perSecond: 20 },
  transfer: { slots: 50, perSecond: 200 },
  account: { slots: 50, perSecond: 200 },
}

export type Participant = keyof typeof BULKHEADS

export const PARTICIPANTS = Object.keys(BULKHEADS) as Participant[]

/** The participants whose queues carry workflows too: one for each kind of saga. */
export const SAGA_PARTICIPANTS: readonly Participant[] = ['order', 'transfer']
