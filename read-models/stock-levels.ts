import type { StoredEvent } from '../events/store/event.ts'
import type { Sql } from '../events/store/sql.ts'
import type { Projection } from './projection.ts'
import { asOrderEvent } from '../domain/order/events.ts'
import { asReturnEvent } from '../domain/return/events.ts'
import { sagaOfStream } from '../domain/saga/ids.ts'

/** What orders hold of each product and what they bought and did not send back, as the events have it. */
export const stockLevels: Projection = {
  name: 'stock-levels',
  tables: ['stock_levels'],
  async apply(db, generation, events) {
    const moves = events.flatMap((stored) => movesOf(stored))
    if (moves.length > 0) await db.query(MOVE, [generation, JSON.stringify(moves)])
  },
}

/** By how much each unit on a line moves what is reserved and what is sold. */
const MOVES = {
  InventoryReserved: { reserved: 1, sold: 0 },
  InventoryReleased: { reserved: -1, sold: 0 },
  OrderCompleted: { reserved: -1, sold: 1 },
}

interface Move {
  sku: string
  reserved: number
  sold: number
}

function movesOf(stored: StoredEvent): Move[] {
  const moved = (lines: readonly { sku: string; quantity: number }[], by: Omit<Move, 'sku'>) =>
    lines.map(({ sku, quantity }) => ({ sku, reserved: by.reserved * quantity, sold: by.sold * quantity }))
  if (sagaOfStream('return', stored.streamId) !== undefined) {
    const event = asReturnEvent(stored)
    return event.type === 'ReturnReceived' ? moved(event.data.lines, { reserved: 0, sold: -1 }) : []
  }
  if (sagaOfStream('order', stored.streamId) === undefined) return []
  const event = asOrderEvent(stored)
  switch (event.type) {
    case 'InventoryReserved':
    case 'InventoryReleased':
    case 'OrderCompleted':
      return moved(event.data.lines, MOVES[event.type])
    default:
      return []
  }
}

const MOVE = `
  INSERT INTO stock_levels AS s (generation, sku, reserved, sold)
  SELECT $1, sku, sum(reserved), sum(sold)
    FROM jsonb_to_recordset($2) AS l (sku text, reserved bigint, sold bigint) GROUP BY sku ORDER BY sku
  ON CONFLICT (generation, sku) DO UPDATE SET reserved = s.reserved + excluded.reserved, sold = s.sold + excluded.sold`

export interface StockLevel {
  sku: string
  available: number
  reserved: number
  sold: number
}

export function createStockQueries({ db }: { db: Sql }) {
  return {
    /** By SKU, at most 1000. What was ever received is in no event: it comes from the catalogue. */
    levels: (): Promise<StockLevel[]> =>
      db.query(
        `SELECT sku, received - reserved - sold AS available, reserved, sold
           FROM (SELECT s.sku, s.received, coalesce(l.reserved, 0) AS reserved, coalesce(l.sold, 0) AS sold
                   FROM stock s JOIN projections p ON p.name = 'stock-levels'
                   LEFT JOIN stock_levels l ON l.sku = s.sku AND l.generation = p.generation) AS levels
          ORDER BY sku LIMIT 1000`,
      ),
  }
}
