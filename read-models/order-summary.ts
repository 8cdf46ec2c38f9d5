import { evolve, NOTHING, type OrderState, type StepFold } from '../domain/order/evolve.ts'
import type { SagaStatus } from '../domain/saga/status.ts'
import type { StoredEvent } from '../events/store/event.ts'
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
  async apply(db, generation, events) {
    const changes = changesIn(events)
    const known = await find(db, generation, changes)
    const folded = [...changes].flatMap(([orderId, { placed, later }]) => {
      const before = placed === undefined ? known.get(orderId) : NOTHING
      // An operator has discarded its OrderPlaced.
      if (before === undefined) return []
      const { status, reason, steps } = later.reduce((state, event) => evolve(state, event), before)
      const last = later.at(-1) ?? placed
      const fold = {
        orderId,
        status,
        reasonCode: reason?.code ?? null,
        reasonStep: reason?.step ?? null,
        steps,
      }
      return [{ ...fold, version: last?.version, updatedAt: last?.recordedAt, ...placed?.columns }]
    })
    const [placed, others] = [
      folded.filter(({ orderId }) => changes.get(orderId)?.placed !== undefined),
      folded.filter(({ orderId }) => changes.get(orderId)?.placed === undefined),
    ]
    if (placed.length > 0) await db.query(PLACE, [generation, JSON.stringify(placed)])
    if (others.length > 0) await db.query(UPDATE, [generation, JSON.stringify(others)])
  },
}

/** What a batch brings of one order. */
interface Changes {
  placed?: Pick<StoredEvent, 'version' | 'recordedAt'> & { columns: object }
  later: StoredEvent[]
}

/** By the order's id. @throws Fault NEWER_EVENT for a type that is not known. */
function changesIn(events: readonly StoredEvent[]): ReadonlyMap<string, Changes> {
  const changes = new Map<string, Changes>()
  for (const stored of events) {
    const orderId = sagaOfStream('order', stored.streamId)
    if (orderId === undefined) continue
    const event = asOrderEvent(stored)
    const known = changes.get(orderId) ?? { later: [] }
    changes.set(orderId, known)
    if (event.type === 'OrderPlaced') {
      const { customerId, currency, totalMinor, lines } = event.data
      const { version, recordedAt } = stored
      const skus = lines.map(({ sku }) => sku)
      const columns = { customerId, currency, totalMinor, lines, skus, placedAt: recordedAt }
      known.placed = { version, recordedAt, columns }
    } else known.later.push(stored)
  }
  return changes
}

/** The folds of the orders that were placed before. */
async function find(
  db: Sql,
  generation: number,
  changes: ReadonlyMap<string, Changes>,
): Promise<ReadonlyMap<string, OrderState>> {
  const ids = [...changes].flatMap(([id, { placed }]) => (placed === undefined ? [id] : []))
  if (ids.length === 0) return new Map()
  const rows = await db.query<FoldRow>(FIND, [generation, ids])
  return new Map(rows.map((row) => [row.id, toState(row)]))
}

const FOLD = `"orderId" uuid, status text, "reasonCode" text, "reasonStep" text, steps jsonb, version integer, "updatedAt" timestamptz`

const PLACE = `
  INSERT INTO order_summaries (generation, order_id, customer_id, currency, total_minor, lines, skus, version, placed_at,
    updated_at, status, reason_code, reason_step, steps)
  SELECT $1, "orderId", "customerId", currency, "totalMinor", lines, skus, version, "placedAt", "updatedAt", status,
         "reasonCode", "reasonStep", steps
    FROM jsonb_to_recordset($2) AS placed (${FOLD}, "customerId" text, currency text, "totalMinor" bigint, lines jsonb,
         skus text[], "placedAt" timestamptz)`

const FIND = `
  SELECT order_id AS id, status, reason_code AS "reasonCode", reason_step AS "reasonStep", steps
    FROM order_summaries WHERE generation = $1 AND order_id = ANY ($2::uuid[])`

const UPDATE = `
  UPDATE order_summaries s
     SET status = f.status, reason_code = f."reasonCode", reason_step = f."reasonStep", steps = f.steps,
         version = f.version, updated_at = f."updatedAt"
    FROM jsonb_to_recordset($2) AS f (${FOLD}) WHERE s.generation = $1 AND s.order_id = f."orderId"`

interface FoldRow {
  id: string
  status: SagaStatus
  reasonCode: string | null
  reasonStep: string | null
  steps: StepFold[]
}

const toState = ({ status, steps, reasonCode, reasonStep }: FoldRow): OrderState => ({
  ...NOTHING,
  status,
  steps,
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
