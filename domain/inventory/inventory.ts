import type { Database } from '../../prisma/client.ts'
import { answerOf, done, single, type StepAnswer, type StepRow } from '../saga/step-answer.ts'

/** Stock that is *reserved* is neither available nor sold: it belongs to an order that is still on its way. */
export function createInventory({ db }: { db: Database }) {
  return {
    /** Reserves every line, or none: refused with OUT_OF_STOCK. */
    async reserveInventory(orderId: string, attemptNumber: number): Promise<StepAnswer<never>> {
      const rows = await db.$queryRaw<StepRow[]>`
        WITH entry AS MATERIALIZED (
          SELECT * FROM step_enter(${orderId}::uuid, 'reserveInventory', false)
        ), moved AS MATERIALIZED (
          SELECT stock_move(${orderId}::uuid, 'reserved') AS move FROM entry WHERE verdict IN ('go', 'resume')
        ), outcome AS MATERIALIZED (
          SELECT move, CASE WHEN move ? 'short' THEN 'refused' ELSE 'done' END AS state, CASE WHEN move ? 'short'
            THEN jsonb_build_object('code', 'OUT_OF_STOCK', 'detail', 'Not enough in stock: ' || (move->>'short'))
            ELSE '{}' END AS answer FROM moved
        ), settled AS MATERIALIZED (
          SELECT step_settle(${orderId}::uuid, 'reserveInventory', ${attemptNumber}::integer, state, answer,
            'InventoryReserved', move, NULL) FROM outcome
        )
        SELECT coalesce(outcome.state, verdict) AS verdict, coalesce(outcome.answer, entry.answer) AS answer,
               (SELECT count(*) FROM settled) AS settled
          FROM entry LEFT JOIN outcome ON true`
      return answerOf(single(rows))
    },

    /** Makes what the order had reserved available again. */
    async releaseInventory(orderId: string, attemptNumber: number): Promise<StepAnswer<never>> {
      await db.$queryRaw`
        WITH entry AS MATERIALIZED (
          SELECT * FROM undo_enter(${orderId}::uuid, 'reserveInventory', ${attemptNumber}::integer)
        ), moved AS MATERIALIZED (
          SELECT stock_move(${orderId}::uuid, 'released') AS move FROM entry WHERE verdict = 'undo'
        )
        SELECT undo_settle(${orderId}::uuid, 'reserveInventory', 'InventoryReleased', move) FROM moved`
      return done
    },
  }
}
