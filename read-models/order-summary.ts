import { evolve, NOTHING, type OrderState, type StepFold } from '../domain/order/evolve.ts'
import type { SagaStatus } from '../domain/saga/status.ts'
import type { Sql } from '../events/store/sql.ts'
import type { Projection } from './projection.ts'
import { asOrderEvent, type OrderLine } from '../domain/order/events.ts'
import { sagaOfStream } from '../domain/saga/ids.ts'

/**
 * One row per order, to be searched, and listed by customer. It holds the same fold of the
 * order's events that the invariants hold against the order's own row.
 */
export const orderSummary: Projection = {
  name: 'order-summary',
  tables: ['order_summaries'],
  async apply(db, generation, { streamId, version, type, data, recordedAt }) {
    const orderId = sagaOfStream('order', streamId)
    if (orderId === undefined) return
    const event = asOrderEvent({ type, data })
    if (event.type === 'OrderPlaced') {
      const { customerId, currency, totalMinor, lines } = event.data
      const skus = lines.map(({ sku }) => sku)
      const placed = [customerId, currency, totalMinor, JSON.stringify(lines), skus, version, recordedAt]
      await db.query(PLACE, [generation, orderId, ...placed])
      return
    }
    const [before] = await db.query<FoldRow>(FIND, [generation, orderId])
    // An operator has discarded its OrderPlaced.
    if (before === undefined) return
    const { status, reason, steps } = evolve(toState(before), { type, data })
    const folded = [
      status,
      reason?.code ?? null,
      reason?.step ?? null,
      JSON.stringify(steps),
      version,
      recordedAt,
    ]
    await db.query(UPDATE, [generation, orderId, ...folded])
  },
}

const PLACE = `
  INSERT INTO order_summaries (generation, order_id, customer_id, currency, total_minor, lines, skus, version, placed_at,
    updated_at, status, steps)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, 'pending', '[]')`

const FIND = `
  SELECT status, reason_code AS "reasonCode", reason_step AS "reasonStep", steps
    FROM order_summaries WHERE generation = $1 AND order_id = $2`

const UPDATE = `
  UPDATE order_summaries SET status = $3, reason_code = $4, reason_step = $5, steps = $6, version = $7,
    updated_at = $8 WHERE generation = $1 AND order_id = $2`

interface FoldRow {
  status: SagaStatus
  reasonCode: string | null
  reasonStep: string | null
  steps: StepFold[]
}

const toState = ({ reasonCode, reasonStep, ...row }: FoldRow): OrderState => ({
  ...NOTHING,
  ...row,
  reason: reasonCode === null || reasonStep === null ? null : { code: reasonCode, step: reasonStep },
})

export interface OrderSummary {
  id: string
  customerId: string
  status: SagaStatus
  reasonCode: string | null
  reasonStep: string | null
  currency: string
  totalMinor: number
  /** What was charged and not refunded. */
  chargedMinor: number
  lines: OrderLine[]
  steps: StepFold[]
  version: number
  placedAt: Date
  updatedAt: Date
}

export interface SummaryFilter {
  customerId?: string | undefined
  status?: SagaStatus | undefined
  sku?: string | undefined
}

const IS_CHARGED = `steps @? '$[*] ? (@.step == "chargePayment" && @.wasDone == true && @.state != "undone")'`
const GENERATION = `generation = (SELECT generation FROM projections WHERE name = 'order-summary')`

const COLUMNS = `order_id AS id, customer_id AS "customerId", status, reason_code AS "reasonCode",
  reason_step AS "reasonStep", currency, total_minor AS "totalMinor", lines, steps,
  version, placed_at AS "placedAt", updated_at AS "updatedAt",
  CASE WHEN ${IS_CHARGED} THEN total_minor ELSE 0 END AS "chargedMinor"`

/** Orders of a product that are looked at one by one, when they are no more than these. */
const FEW_MAX = 500

export function createOrderSummaryQueries({ db }: { db: Sql }) {
  return {
    /** Newest first; one more than asked for, when there is one. `after` is the id of the last of the page before. */
    search(
      { customerId, status, sku }: SummaryFilter,
      { limit, after }: { limit: number; after?: string | undefined },
    ): Promise<OrderSummary[]> {
      const values: unknown[] = [limit + 1]
      const bind = (value: string, type: string) => `$${values.push(value)}::${type}`
      // What is not asked for is not in the statement: a plan for all filters would read all orders.
      const hasSku = sku === undefined ? undefined : `skus @> ARRAY[${bind(sku, 'text')}]`
      const where = [
        GENERATION,
        ...(customerId === undefined ? [] : [`customer_id = ${bind(customerId, 'text')}`]),
        ...(status === undefined ? [] : [`status = ${bind(status, 'text')}`]),
        ...(after === undefined ? [] : [`order_id < ${bind(after, 'uuid')}`]),
      ]
      const newest = (from: string, ...conditions: string[]) =>
        `SELECT * FROM ${from} WHERE ${[...where, ...conditions].join(' AND ')} ORDER BY order_id DESC LIMIT $1`
      if (hasSku === undefined || customerId !== undefined) {
        const all = newest('order_summaries', ...(hasSku === undefined ? [] : [hasSku]))
        return db.query(`SELECT ${COLUMNS} FROM (${all}) AS found`, values)
      }
      return db.query(
        // A walk from the newest order on would pass all orders for a product that was never sold, and the index of products
        // has no order.
        `WITH few AS MATERIALIZED (SELECT * FROM order_summaries WHERE ${GENERATION} AND ${hasSku} LIMIT ${FEW_MAX + 1})
         SELECT ${COLUMNS} FROM (
           (${newest('few', `(SELECT count(*) FROM few) <= ${FEW_MAX}`)})
           UNION ALL
           (${newest('order_summaries', hasSku, `(SELECT count(*) FROM few) > ${FEW_MAX}`)})) AS found
          ORDER BY order_id DESC LIMIT $1`,
        values,
      )
    },
  }
}
