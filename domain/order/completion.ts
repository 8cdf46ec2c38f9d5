import type { Database } from '../../prisma/client.ts'
import { answerOf, single, type StepAnswer, type StepRow } from '../saga/step-answer.ts'

/** The pivot: what was reserved is sold, and the order is completed for good. */
export function createCompletion({ db }: { db: Database }) {
  return {
    async completeOrder(orderId: string, attemptNumber: number): Promise<StepAnswer<never>> {
      const rows = await db.$queryRaw<StepRow[]>`
        WITH entry AS MATERIALIZED (
          SELECT * FROM step_enter(${orderId}::uuid, 'completeOrder', false)
        ), locked AS MATERIALIZED (
          SELECT sku, l.quantity
            FROM entry JOIN order_lines l ON l.order_id = ${orderId}::uuid JOIN stock s USING (sku)
           WHERE verdict IN ('go', 'resume') ORDER BY sku FOR UPDATE OF s
        ), sold AS (
          UPDATE stock s SET reserved = s.reserved - locked.quantity, sold = s.sold + locked.quantity
            FROM locked WHERE s.sku = locked.sku
          RETURNING s.sku, locked.quantity
        ), noted AS (
          INSERT INTO stock_movements (order_id, sku, kind, quantity)
          SELECT ${orderId}::uuid, sku, 'sold', quantity FROM sold
        ), settled AS MATERIALIZED (
          SELECT step_settle(${orderId}::uuid, 'completeOrder', ${attemptNumber}::integer, 'done', '{}',
            'OrderCompleted', '{}', 'completed')
            FROM (SELECT count(*) AS lines FROM locked) l WHERE lines > 0
        )
        SELECT verdict, answer, (SELECT count(*) FROM settled) AS settled FROM entry`
      return answerOf(single(rows))
    },
  }
}
