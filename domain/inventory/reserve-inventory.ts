import { rowStep } from '../saga/row-step.ts'

interface StockMoved {
  lines: readonly { sku: string; quantity: number }[]
}

type InventoryEvents = { InventoryReserved: StockMoved; InventoryReleased: StockMoved }

/**
 * Reserves every line of an order, or none: refused with OUT_OF_STOCK. Stock that is *reserved* is neither available
 * nor sold: it belongs to an order that is still on its way.
 */
export const reserveInventory = rowStep<InventoryEvents>()({
  name: 'reserveInventory',
  event: 'InventoryReserved',
  effect: `SELECT stock_move(saga_id, 'reserved') AS outcome FROM admitted`,
  refuses: ['OUT_OF_STOCK'],
  undo: {
    name: 'releaseInventory',
    event: 'InventoryReleased',
    effect: `SELECT stock_move(saga_id, 'released') AS outcome FROM admitted`,
  },
  invariants: [
    {
      // What is reserved and sold is what the ledger of movements says; an order that has ended holds no reservation.
      name: 'stock',
      violations: `
        SELECT 'sku ' || sku AS offender FROM stock LEFT JOIN (
            SELECT sku, sum(CASE kind WHEN 'reserved' THEN quantity ELSE -quantity END) AS reserved,
                   sum(CASE kind WHEN 'sold' THEN quantity ELSE 0 END) AS sold
              FROM stock_movements GROUP BY sku) m USING (sku)
          LEFT JOIN (SELECT sku, sum(quantity) AS quantity FROM stock_returns GROUP BY sku) back USING (sku)
         WHERE stock.reserved <> coalesce(m.reserved, 0)
            OR stock.sold <> coalesce(m.sold, 0) - coalesce(back.quantity, 0)
            OR stock.available + stock.reserved + stock.sold <> stock.received
        UNION ALL
        SELECT s.id::text FROM its_sagas s JOIN order_lines l ON l.order_id = s.id
          LEFT JOIN stock_movements m ON m.order_id = l.order_id AND m.sku = l.sku AND m.kind IN ('released', 'sold')
          LEFT JOIN step_fences f ON f.saga_id = s.id AND f.step = 'reserveInventory'
         WHERE (s.status = 'completed' AND m.kind IS DISTINCT FROM 'sold')
            OR (s.status IN ('rejected', 'cancelled') AND m.kind = 'sold')
            OR (s.status IN ('rejected', 'cancelled') AND m.kind IS NULL AND f.state = 'undone')`,
    },
    {
      name: 'fences',
      violations: `
        SELECT f.saga_id || ' ' || f.step AS offender FROM step_fences f
         WHERE f.step = 'reserveInventory' AND f.state = 'done' AND NOT EXISTS (
           SELECT 1 FROM stock_movements m WHERE m.order_id = f.saga_id AND m.kind = 'reserved')`,
    },
  ],
})
