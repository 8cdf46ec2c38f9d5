import type { Database } from '../../prisma/client.ts'

/** What customers have of points; `award-points.ts` says how they come by them. */
export function createLoyalty({ db }: { db: Database }) {
  return {
    /** A customer without an order has no points. */
    async account(customerId: string): Promise<{ balance: number; entries: LoyaltyEntry[] }> {
      const rows = await db.loyaltyEntry.findMany({
        where: { customerId },
        orderBy: [{ recordedAt: 'asc' }, { kind: 'asc' }],
      })
      const entries = rows.map(({ orderId, kind, points, recordedAt }) => ({
        orderId,
        kind,
        points: Number(points),
        recordedAt,
      }))
      return { balance: entries.reduce((sum, { points }) => sum + points, 0), entries }
    },
  }
}

export interface LoyaltyEntry {
  orderId: string
  /** `awarded` or `revoked`. */
  kind: string
  points: number
  recordedAt: Date
}
