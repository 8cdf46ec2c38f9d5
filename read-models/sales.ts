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
  async apply(db, generation, events) {
    const placed: object[] = []
    const completed: object[] = []
    const turnedBack: string[] = []
    for (const stored of events) {
      const orderId = sagaOfStream('order', stored.streamId)
      if (orderId === undefined) continue
      const event = asOrderEvent(stored)
      switch (event.type) {
        case 'OrderPlaced': {
          const { currency, lines } = event.data
          placed.push({ orderId, currency, lines })
          break
        }
        case 'OrderCompleted':
          completed.push({ orderId, at: stored.recordedAt })
          break
        case 'OrderRejected':
        case 'OrderCancelled':
          turnedBack.push(orderId)
          break
        default:
      }
    }
    if (placed.length > 0) await db.query(REMEMBER, [generation, JSON.stringify(placed)])
    if (completed.length > 0) await db.query(COUNT, [generation, JSON.stringify(completed)])
    if (turnedBack.length > 0) await db.query(FORGET, [generation, turnedBack])
  },
}

const REMEMBER = `
  INSERT INTO sales_orders (generation, order_id, currency, lines)
  SELECT $1, "orderId", currency, lines FROM jsonb_to_recordset($2) AS o ("orderId" uuid, currency text, lines jsonb)`

const FORGET = 'DELETE FROM sales_orders WHERE generation = $1 AND order_id = ANY ($2::uuid[])'

const COUNT = `
  WITH completed AS (SELECT * FROM jsonb_to_recordset($2) AS o ("orderId" uuid, at timestamptz)),
  ended AS (
    DELETE FROM sales_orders s USING completed c WHERE s.generation = $1 AND s.order_id = c."orderId"
    RETURNING s.currency, s.lines, (c.at AT TIME ZONE 'UTC')::date AS day)
  INSERT INTO sales_days AS d (generation, day, sku, currency, quantity, revenue_minor)
  SELECT $1, day, sku, currency, sum(quantity), sum(quantity * "unitPriceMinor")
    FROM ended, jsonb_to_recordset(lines) AS l (sku text, quantity bigint, "unitPriceMinor" bigint)
   GROUP BY day, sku, currency ORDER BY day, sku, currency
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
