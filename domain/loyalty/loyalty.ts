import type { Database } from '../../prisma/client.ts'

/** What orders brought and took, and what returns took. */
const ENTRIES = `
  (SELECT order_id, kind, points, recorded_at, order_id AS id FROM loyalty_entries WHERE customer_id = $1
   UNION ALL
   SELECT order_id, 'returned', points, recorded_at, return_id FROM loyalty_returns WHERE customer_id = $1) AS entries`

/** What customers have of points; the steps at loyalty say how they come by them. */
export function createLoyalty({ db }: { db: Database }) {
  return {
    /**
     * The balance of all entries, and a page of them: oldest first, one more than asked for when there is one. A
     * customer without an order has no points.
     * @param page `after` is a key of `loyaltyKey`.
     */
    async account(customerId: string, { limit, after }: { limit: number; after?: string | undefined }) {
      const [recordedAt, kind, id] = after?.split(' ') ?? []
      const [total] = await db.$queryRawUnsafe<{ balance: bigint }[]>(
        `SELECT coalesce(sum(points), 0)::bigint AS balance FROM ${ENTRIES}`,
        customerId,
      )
      const rows = await db.$queryRawUnsafe<(Omit<LoyaltyEntry, 'points'> & { points: bigint })[]>(
        `SELECT id, order_id AS "orderId", kind, points::bigint, recorded_at AS "recordedAt" FROM ${ENTRIES}
          WHERE $2::timestamptz IS NULL OR (recorded_at, kind, id) > ($2::timestamptz, $3::text, $4::uuid)
          ORDER BY recorded_at, kind, id LIMIT $5`,
        customerId,
        recordedAt ?? null,
        kind ?? null,
        id ?? null,
        limit + 1,
      )
      const entries = rows.map((row): LoyaltyEntry => ({ ...row, points: Number(row.points) }))
      return { balance: Number(total?.balance ?? 0n), entries }
    },
  }
}

export interface LoyaltyEntry {
  /** Of the order, or of the return that took them. */
  id: string
  orderId: string
  kind: 'awarded' | 'revoked' | 'returned'
  points: number
  recordedAt: Date
}

/** Orders the entries of a customer. */
export const loyaltyKey = ({ recordedAt, kind, id }: LoyaltyEntry): string =>
  `${recordedAt.toISOString()} ${kind} ${id}`
