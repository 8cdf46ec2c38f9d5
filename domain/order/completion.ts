import type { Database } from '../../prisma/client.ts'
import { answerOf, single, type StepAnswer, type StepRow } from '../saga/step-answer.ts'

/** The pivot: what was reserved is sold, and the order is completed for good. */
export function createCompletion({ db }: { db: Database }) {
  return {
    async completeOrder(orderId: string, attemptNumber: number): Promise<StepAnswer<never>> {
      const rows = await db.$queryRaw<StepRow[]>`
        WITH entry AS MATERIALIZED (
          SELECT * FROM step_enter(${orderId}::uuid, 'completeOrder', false)
        ), sold AS MATERIALIZED (
          SELECT stock_move(${orderId}::uuid, 'sold') AS move FROM entry WHERE verdict IN ('go', 'resume')
        ), settled AS MATERIALIZED (
          SELECT step_settle(${orderId}::uuid, 'completeOrder', ${attemptNumber}::integer, 'done', '{}',
            'OrderCompleted', move, 'completed') FROM sold
        )
        SELECT verdict, answer, (SELECT count(*) FROM settled) AS settled FROM entry`
      return answerOf(single(rows))
    },
  }
}
