import type { Database } from '../../prisma/client.ts'
import type { Interference } from './interference.ts'
import { until } from './poll.ts'

// Interferences that last until something has happened: a saga that a test needs in a state does not leave it, however
// slow the machine is.

type Preceded = Extract<Interference, { kind: 'preceded' }>

const isCancelWished = async (db: Database, id: string): Promise<boolean> =>
  (await db.saga.count({ where: { id, cancelWishedAt: { not: null } } })) > 0

/** The activity does nothing before the wish to cancel is recorded. */
export const heldUntilCancelWished = (db: Database): Preceded => ({
  kind: 'preceded',
  by: (id) => until('the wish to cancel', async () => ((await isCancelWished(db, id)) ? true : undefined)),
})

/** The activity fails until the wish to cancel is recorded. */
export const failingUntilCancelWished = (db: Database): Preceded => ({
  kind: 'preceded',
  by: async (id) => {
    if (!(await isCancelWished(db, id))) throw new Error('made to fail until the saga is cancelled')
  },
})

/** The activity fails until an operator has retried a step of its saga. */
export const failingUntilRetried = (db: Database): Preceded => ({
  kind: 'preceded',
  by: async (id) => {
    const retries = await db.operatorAction.count({ where: { sagaId: id, action: 'retry' } })
    if (retries === 0) throw new Error('made to fail until an operator retries it')
  },
})

/** The activity is held, or fails, until the test calls `release`. */
export function untilReleased(): { held: Preceded; failing: Preceded; release: () => void } {
  let isReleased = false
  return {
    held: { kind: 'preceded', by: () => until('the release', () => (isReleased ? true : undefined)) },
    failing: {
      kind: 'preceded',
      by: async () => {
        if (!isReleased) throw new Error('made to fail until the test releases it')
      },
    },
    release: () => {
      isReleased = true
    },
  }
}
