import type { Sql } from '../events/store/sql.ts'
import type { Projection } from './projection.ts'
import { asOrderEvent } from '../domain/order/events.ts'
import { sagaOfStream } from '../domain/saga/ids.ts'

/**
 * What was sold: per day (UTC), SKU and currency. An order counts when it is completed; the lines and prices that it
 * had when it was placed are remembered until it has ended.
 */
export const sales: Projection = {
  name: 'sales',
  tables: ['sales_orders', 'sales_days'],
  async apply(db, generation, { streamId, type, data, recordedAt }) {
    const orderId = sagaOfStream('order', streamId)
    if (orderId === undefined) return
    const event = asOrderEvent({ type, data })
    switch (event.type) {
      case 'OrderPlaced': {
        const { currency, lines } = event.data
        await db.query(REMEMBER, [generation, orderId, currency, JSON.stringify(lines)])
        return
      }
      case 'OrderCompleted':
        await db.query(COUNT, [generation, orderId, recordedAt])
        return
      case 'OrderRejected':
      case 'OrderCancelled':
        await db.query('DELETE FROM sales_orders WHERE generation = $1 AND order_id = $2', [
          generation,
          orderId,
        ])
        return
      default:
    }
  },
}

const REMEMBER = 'INSERT INTO sales_orders (generation, order_id, currency, lines) VALUES ($1, $2, $3, $4)'

const COUNT = `
  WITH ended AS (
    DELETE FROM sales_orders WHERE generation = $1 AND order_id = $2 RETURNING currency, lines
  )
  INSERT INTO sales_days AS d (generation, day, sku, currency, quantity, revenue_minor)
  SELECT $1, ($3::timestamptz AT TIME ZONE 'UTC')::date, sku, currency, quantity, quantity * "unitPriceMinor"
    FROM ended, jsonb_to_recordset(lines) AS l (sku text, quantity bigint, "unitPriceMinor" bigint) ORDER BY sku
  ON CONFLICT (generation, day, sku, currency) DO UPDATE
    SET quantity = d.quantity + excluded.quantity, revenue_minor = d.revenue_minor + excluded.revenue_minor`

export interface DaySales {
  /** Like 2026-11-22. */
  day: string
  sku: string
  quantity: number
  revenueMinor: number
  currency: string
}

export interface SalesFilter {
  /** Days, both included. */
  from?: string | undefined
  to?: string | undefined
  sku?: string | undefined
}

const ROWS_MAX = 10_000

export function createSalesQueries({ db }: { db: Sql }) {
  return {
    /** Newest day first, at most 10,000 rows. A sum that is larger than a number can hold exactly is rounded. */
    report: ({ from, to, sku }: SalesFilter): Promise<DaySales[]> =>
      db.query(
        `SELECT to_char(day, 'YYYY-MM-DD') AS day, sku, quantity, revenue_minor::float8 AS "revenueMinor", currency
           FROM sales_days JOIN projections p USING (generation)
          WHERE p.name = 'sales' AND ($1::date IS NULL OR day >= $1) AND ($2::date IS NULL OR day <= $2)
            AND ($3::text IS NULL OR sku = $3)
          ORDER BY sales_days.day DESC, sku, currency LIMIT ${ROWS_MAX}`,
        [from ?? null, to ?? null, sku ?? null],
      ),
  }
}
