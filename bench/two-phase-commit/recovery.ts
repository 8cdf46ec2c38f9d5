import type { Order, Participant } from './participants.ts'

/** What the coordinator of two-phase commit writes: the decision to commit is forced, the end is noted. */
export type Decision = { type: 'commit'; gid: string } | { type: 'end'; gid: string }

/** A transaction that has promised to commit, and waits for the decision. */
export interface InDoubt {
  participant: Participant
  gid: string
}

export type Resolution = InDoubt & { act: 'commit' | 'rollback' }

/**
 * Presumed abort: what the log does not say to commit is rolled back, since no participant was asked to commit before
 * the decision was on disk. The end of a transaction changes nothing: what is still in doubt then is committed again.
 */
export function resolve(log: readonly Decision[], inDoubt: readonly InDoubt[]): Resolution[] {
  const committed = new Set(log.filter(({ type }) => type === 'commit').map(({ gid }) => gid))
  return inDoubt.map((branch) => ({ ...branch, act: committed.has(branch.gid) ? 'commit' : 'rollback' }))
}

/** What the saga writes: its begin and the begin of its compensation are forced, the end is noted. */
export type Progress =
  | { type: 'begin'; order: Order }
  | { type: 'compensate'; orderId: string }
  | { type: 'end'; orderId: string }

export interface OpenSaga {
  order: Order
  direction: 'forward' | 'back'
}

/** The sagas that have begun and not ended: each goes on in its direction, and its fences answer for what was done. */
export function openSagas(log: readonly Progress[]): OpenSaga[] {
  const open = new Map<string, OpenSaga>()
  for (const record of log)
    switch (record.type) {
      case 'begin':
        open.set(record.order.id, { order: record.order, direction: 'forward' })
        break
      case 'compensate': {
        const saga = open.get(record.orderId)
        if (saga !== undefined) open.set(record.orderId, { ...saga, direction: 'back' })
        break
      }
      case 'end':
        open.delete(record.orderId)
    }
  return [...open.values()]
}
