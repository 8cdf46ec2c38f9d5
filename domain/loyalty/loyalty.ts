import type { Database } from '../../prisma/client.ts'
import { answerOf, done, single, type StepAnswer, type StepRow } from '../saga/step-answer.ts'

/** One point for every full 100 minor units of an order's total. The ledger is append-only. */
export function createLoyalty({ db }: { db: Database }) {
  return {
    async awardPoints(orderId: string, attemptNumber: number): Promise<StepAnswer<never>> {
      const rows = await db.$queryRaw<StepRow[]>`
        WITH entry AS MATERIALIZED (
          SELECT * FROM step_enter(${orderId}::uuid, 'awardPoints', false)
        ), awarded AS (
          INSERT INTO loyalty_entries (order_id, kind, customer_id, points)
          SELECT id, 'awarded', customer_id, total_minor / 100 FROM entry, orders
           WHERE verdict IN ('go', 'resume') AND id = ${orderId}::uuid
          RETURNING points
        ), settled AS MATERIALIZED (
          SELECT step_settle(${orderId}::uuid, 'awardPoints', ${attemptNumber}::integer, 'done',
            jsonb_build_object('points', points), 'PointsAwarded', jsonb_build_object('points', points), NULL) FROM awarded
        )
        SELECT verdict, answer, (SELECT count(*) FROM settled) AS settled FROM entry`
      return answerOf(single(rows))
    },

    async revokePoints(orderId: string, attemptNumber: number): Promise<StepAnswer<never>> {
      await db.$queryRaw`
        WITH entry AS MATERIALIZED (
          SELECT * FROM undo_enter(${orderId}::uuid, 'awardPoints', ${attemptNumber}::integer)
        ), revoked AS (
          INSERT INTO loyalty_entries (order_id, kind, customer_id, points)
          SELECT id, 'revoked', customer_id, -(answer->>'points')::bigint FROM entry, orders
           WHERE verdict = 'undo' AND id = ${orderId}::uuid
          RETURNING points
        )
        SELECT undo_settle(${orderId}::uuid, 'awardPoints', 'PointsRevoked', jsonb_build_object('points', -points)) FROM revoked`
      return done
    },

    /** A customer nobody has heard of has no points. */
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
