import type { Database } from '../../prisma/client.ts'
import { answerOf, done, single, type StepAnswer, type StepRow } from '../saga/step-answer.ts'

/**
 * Stock that is *reserved* is neither available nor sold: it belongs to an order that is still on its way. Rows are
 * locked by SKU, so that orders with the same products in another sequence do not wait for each other in a circle.
 */
export function createInventory({ db }: { db: Database }) {
  return {
    /** Reserves every line, or none: refused with OUT_OF_STOCK. */
    async reserveInventory(orderId: string, attemptNumber: number): Promise<StepAnswer<never>> {
      const rows = await db.$queryRaw<StepRow[]>`
        WITH entry AS MATERIALIZED (
          SELECT * FROM step_enter(${orderId}::uuid, 'reserveInventory', false)
        ), locked AS MATERIALIZED (
          SELECT sku, l.quantity, s.available
            FROM entry JOIN order_lines l ON l.order_id = ${orderId}::uuid JOIN stock s USING (sku)
           WHERE verdict IN ('go', 'resume') ORDER BY sku FOR UPDATE OF s
        ), outcome AS MATERIALIZED (
          SELECT bool_and(available >= quantity) AS is_enough,
                 string_agg(sku, ', ' ORDER BY sku) FILTER (WHERE available < quantity) AS short,
                 jsonb_agg(jsonb_build_object('sku', sku, 'quantity', quantity) ORDER BY sku) AS lines
            FROM locked
        ), moved AS (
          UPDATE stock s SET available = s.available - locked.quantity, reserved = s.reserved + locked.quantity
            FROM locked, outcome WHERE s.sku = locked.sku AND is_enough
          RETURNING s.sku, locked.quantity
        ), noted AS (
          INSERT INTO stock_movements (order_id, sku, kind, quantity)
          SELECT ${orderId}::uuid, sku, 'reserved', quantity FROM moved
        ), settled AS MATERIALIZED (
          SELECT step_settle(${orderId}::uuid, 'reserveInventory', ${attemptNumber}::integer,
            CASE WHEN is_enough THEN 'done' ELSE 'refused' END,
            CASE WHEN is_enough THEN '{}' ELSE jsonb_build_object('code', 'OUT_OF_STOCK', 'detail', 'Not enough in stock: ' || short) END,
            'InventoryReserved', jsonb_build_object('lines', lines))
            FROM outcome WHERE lines IS NOT NULL
        )
        SELECT CASE WHEN is_enough IS FALSE THEN 'refused' ELSE verdict END AS verdict,
               CASE WHEN is_enough IS FALSE
                 THEN jsonb_build_object('code', 'OUT_OF_STOCK', 'detail', 'Not enough in stock: ' || short)
                 ELSE answer END AS answer,
               (SELECT count(*) FROM settled) AS settled
          FROM entry, outcome`
      return answerOf(single(rows))
    },

    /** Makes what the order had reserved available again. */
    async releaseInventory(orderId: string, attemptNumber: number): Promise<StepAnswer<never>> {
      await db.$queryRaw`
        WITH entry AS MATERIALIZED (
          SELECT * FROM undo_enter(${orderId}::uuid, 'reserveInventory', ${attemptNumber}::integer)
        ), locked AS MATERIALIZED (
          SELECT sku, l.quantity
            FROM entry JOIN order_lines l ON l.order_id = ${orderId}::uuid JOIN stock s USING (sku)
           WHERE verdict = 'undo' ORDER BY sku FOR UPDATE OF s
        ), moved AS (
          UPDATE stock s SET available = s.available + locked.quantity, reserved = s.reserved - locked.quantity
            FROM locked WHERE s.sku = locked.sku
          RETURNING s.sku, locked.quantity
        ), noted AS (
          INSERT INTO stock_movements (order_id, sku, kind, quantity)
          SELECT ${orderId}::uuid, sku, 'released', quantity FROM moved
        )
        SELECT undo_settle(${orderId}::uuid, 'reserveInventory', 'InventoryReleased', jsonb_build_object('lines', lines))
          FROM (SELECT jsonb_agg(jsonb_build_object('sku', sku, 'quantity', quantity) ORDER BY sku) AS lines FROM locked) l
         WHERE lines IS NOT NULL`
      return done
    },
  }
}
