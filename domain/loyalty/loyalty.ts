import type { Database } from '../../prisma/client.ts'

/** What customers have of points; `award-points.ts` says how they come by them. */
export function createLoyalty({ db }: { db: Database }) {
  return {
    /**
     * The balance of all entries, and a page of them: oldest first, one more than asked for when there is one. A
     * customer without an order has no points.
     * @param page `after` is a key of `loyaltyKey`.
     */
    async account(customerId: string, { limit, after }: { limit: number; after?: string | undefined }) {
      const [recordedAt, kind, orderId] = after?.split(' ') ?? []
      const [total] = await db.$queryRaw<{ balance: bigint }[]>`
        SELECT coalesce(sum(points), 0)::bigint AS balance FROM loyalty_entries WHERE customer_id = ${customerId}`
      const rows = await db.$queryRaw<(Omit<LoyaltyEntry, 'points'> & { points: bigint })[]>`
        SELECT order_id AS "orderId", kind, points, recorded_at AS "recordedAt" FROM loyalty_entries
         WHERE customer_id = ${customerId}
           AND (${after ?? null}::text IS NULL OR (recorded_at, kind, order_id)
             > (${recordedAt ?? null}::timestamptz, ${kind ?? null}::text, ${orderId ?? null}::uuid))
         ORDER BY recorded_at, kind, order_id LIMIT ${limit + 1}`
      const entries = rows.map((row): LoyaltyEntry => ({ ...row, points: Number(row.points) }))
      return { balance: Number(total?.balance ?? 0n), entries }
    },
  }
}

export interface LoyaltyEntry {
  orderId: string
  kind: 'awarded' | 'revoked'
  points: number
  recordedAt: Date
}

/** Orders the entries of a customer. */
export const loyaltyKey = ({ recordedAt, kind, orderId }: LoyaltyEntry): string =>
  `${recordedAt.toISOString()} ${kind} ${orderId}`
