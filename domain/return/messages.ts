import type { Operator } from '../../events/store/operator.ts'
import type { Database } from '../../prisma/client.ts'

export type Decision = 'approved' | 'refused'

/** `same`: it was decided so before. `not_open`: it was decided otherwise, or is over. */
export type DecisionVerdict = 'decided' | 'same' | 'not_open' | 'unknown'

/** How far the carrier's list of received parcels was read; null at its beginning. */
export type FeedCursor = string | null

/**
 * What others than the customer say of returns, in any order and more than once. Each is one statement on the return's
 * rows; prisma/functions/returns.sql says what follows from it.
 */
export function createReturnMessages({ db }: { db: Database }) {
  return {
    async decide(id: string, decision: Decision, { actor, reason }: Operator): Promise<DecisionVerdict> {
      const [row] = await db.$queryRaw<{ verdict: DecisionVerdict }[]>`
        SELECT return_decide(${id}::uuid, ${decision}, ${actor}, ${reason}) AS verdict`
      return row?.verdict ?? 'unknown'
    },

    /** Where to read the carrier's list from; undefined when there is no need now, or another process does. */
    async claimParcelFeed(claimSeconds: number): Promise<FeedCursor | undefined> {
      const [row] = await db.$queryRaw<{ cursor: FeedCursor }[]>`
        SELECT from_cursor AS cursor FROM parcel_feed_claim(${claimSeconds}::integer)`
      return row?.cursor
    },

    /** Parcels that the carrier has received, and where its list goes on. It is not read again within the pause. */
    async parcelsReceived(
      returnIds: readonly string[],
      cursor: FeedCursor,
      pauseSeconds: number,
    ): Promise<void> {
      await db.$queryRaw`
        SELECT 1 FROM parcel_feed_record(${returnIds}::uuid[], ${cursor}, ${pauseSeconds}::double precision)`
    },
  }
}

export type ReturnMessages = ReturnType<typeof createReturnMessages>
