import { toEvent } from '../../events/store/event.ts'
import { OUTBOX_KEPT_MINUTES } from '../../events/outbox/outbox.ts'
import type { Database } from '../../prisma/client.ts'
import { accounts, transfers } from './account-checks.ts'
import { holes, whereaboutsOfEvents } from './consumption.ts'
import { DONE_BY, evolve, NOTHING, UNDONE_BY, type OrderState } from '../order/evolve.ts'

export interface Check {
  name: string
  ok: boolean
  detail: string
}

/** What the providers say that they did; the keys tell for which order. */
export interface ProviderLedger {
  charges: { key: string; amountMinor: number; state: string }[]
  shipments: { key: string; state: string }[]
}

export interface InvariantOptions {
  db: Database
  /** Reads the providers' ledgers. @throws when they cannot be read: the checks that need them then fail. */
  readLedger: () => Promise<ProviderLedger>
}

/** Orders whose events are folded and held against the row: the newest ones. */
const FOLDED_MAX = 5000

/** How many offenders are named. */
const NAMED_MAX = 5

type Row = { offender: string }
type Transaction = Pick<Database, '$queryRaw' | '$executeRaw' | 'saga' | 'event'>

/**
 * What must be true at any moment, whatever has happened. Orders on their way and parked ones violate nothing, and what
 * an operator has skipped counts as written off.
 */
export function createInvariants({ db, readLedger }: InvariantOptions) {
  return {
    async check(): Promise<{ ok: boolean; checks: Check[] }> {
      const { checks, orders } = await db.$transaction(checkDatabase, {
        isolationLevel: 'RepeatableRead',
        timeout: 60_000,
      })
      // Read after the tables: what a terminal order did at its providers is there by then.
      const all = [...checks, ...(await checkLedger(readLedger, orders))]
      return { ok: all.every(({ ok }) => ok), checks: all }
    },
  }
}

interface TerminalOrder {
  id: string
  isCompleted: boolean
  totalMinor: number
  /** Steps whose compensation was given up. */
  skipped: string[]
}

async function checkDatabase(
  db: Transaction,
): Promise<{ checks: Check[]; orders: Map<string, TerminalOrder> }> {
  await db.$executeRaw`SET LOCAL statement_timeout = '60s'`
  const checks = [
    verdict('money', await money(db)),
    verdict('stock', await stock(db)),
    verdict('shipments', await shipments(db)),
    verdict('loyalty', await loyalty(db)),
    verdict('fences', await fences(db)),
    verdict('versions', await versions(db)),
    verdict('status', await status(db)),
    verdict('order-of-events', await orderOfEvents(db)),
    verdict('accounts', await accounts(db)),
    verdict('transfers', await transfers(db)),
    verdict('dead-letters', await holes(db), await whereaboutsOfEvents(db)),
  ]
  const rows = await db.$queryRaw<(Omit<TerminalOrder, 'totalMinor'> & { totalMinor: bigint })[]>`
    SELECT o.id, s.status = 'completed' AS "isCompleted", o.total_minor AS "totalMinor", coalesce((
        SELECT array_agg(step) FROM step_fences f WHERE f.saga_id = o.id AND f.state = 'skipped'), '{}') AS skipped
      FROM orders o JOIN sagas s USING (id) WHERE s.status IN ('completed', 'rejected', 'cancelled')`
  return {
    checks,
    orders: new Map(rows.map((row) => [row.id, { ...row, totalMinor: Number(row.totalMinor) }])),
  }
}

function verdict(name: string, rows: readonly Row[], holds = 'holds'): Check {
  if (rows.length === 0) return { name, ok: true, detail: holds }
  const named = rows.slice(0, NAMED_MAX).map(({ offender }) => offender)
  return {
    name,
    ok: false,
    detail: `${rows.length} violations: ${named.join(', ')}${rows.length > NAMED_MAX ? ', …' : ''}`,
  }
}

/** A completed order has one live charge of its total; one that was turned back has none. */
const money = (db: Transaction) => db.$queryRaw<Row[]>`
  SELECT o.id::text AS offender FROM orders o JOIN sagas s USING (id)
    LEFT JOIN charges c ON c.order_id = o.id AND c.state = 'live'
    LEFT JOIN step_fences f ON f.saga_id = o.id AND f.step = 'chargePayment'
   WHERE (s.status = 'completed' AND (c.key IS NULL OR c.amount_minor <> o.total_minor))
      OR (s.status IN ('rejected', 'cancelled') AND c.key IS NOT NULL AND f.state IS DISTINCT FROM 'skipped')`

/** What is reserved and sold is what the ledger of movements says; terminal orders hold no reservation. */
const stock = (db: Transaction) => db.$queryRaw<Row[]>`
  SELECT 'sku ' || sku AS offender FROM stock LEFT JOIN (
      SELECT sku, sum(CASE kind WHEN 'reserved' THEN quantity ELSE -quantity END) AS reserved,
             sum(CASE kind WHEN 'sold' THEN quantity ELSE 0 END) AS sold FROM stock_movements GROUP BY sku) m USING (sku)
   WHERE stock.reserved <> coalesce(m.reserved, 0) OR stock.sold <> coalesce(m.sold, 0)
      OR stock.available + stock.reserved + stock.sold <> stock.received
  UNION ALL
  SELECT s.id::text FROM sagas s JOIN order_lines l ON l.order_id = s.id
    LEFT JOIN stock_movements m ON m.order_id = l.order_id AND m.sku = l.sku AND m.kind IN ('released', 'sold')
    LEFT JOIN step_fences f ON f.saga_id = s.id AND f.step = 'reserveInventory'
   WHERE (s.status = 'completed' AND m.kind IS DISTINCT FROM 'sold')
      OR (s.status IN ('rejected', 'cancelled') AND m.kind = 'sold')
      OR (s.status IN ('rejected', 'cancelled') AND m.kind IS NULL AND f.state = 'undone')`

const shipments = (db: Transaction) => db.$queryRaw<Row[]>`
  SELECT o.id::text AS offender FROM orders o JOIN sagas s USING (id)
    LEFT JOIN shipments h ON h.order_id = o.id AND h.state = 'live'
    LEFT JOIN step_fences f ON f.saga_id = o.id AND f.step = 'createShipment'
   WHERE (s.status = 'completed' AND h.key IS NULL)
      OR (s.status IN ('rejected', 'cancelled') AND h.key IS NOT NULL AND f.state IS DISTINCT FROM 'skipped')`

/** A completed order has its points, one that was turned back has none left. */
const loyalty = (db: Transaction) => db.$queryRaw<Row[]>`
  SELECT o.id::text AS offender FROM orders o JOIN sagas s USING (id)
    LEFT JOIN (SELECT order_id, sum(points) AS points FROM loyalty_entries GROUP BY order_id) e ON e.order_id = o.id
    LEFT JOIN step_fences f ON f.saga_id = o.id AND f.step = 'awardPoints'
   WHERE (s.status = 'completed' AND e.points IS DISTINCT FROM o.total_minor / 100)
      OR (s.status IN ('rejected', 'cancelled') AND coalesce(e.points, 0) <> 0 AND f.state IS DISTINCT FROM 'skipped')`

/** A fence tells of its step what the step's own tables tell, and a saga that has ended owes nothing. */
const fences = (db: Transaction) => db.$queryRaw<Row[]>`
  SELECT f.saga_id || ' ' || f.step AS offender FROM step_fences f JOIN sagas s ON s.id = f.saga_id
   WHERE (f.step = 'chargePayment' AND (f.state = 'done') <> EXISTS (
            SELECT 1 FROM charges c WHERE c.order_id = f.saga_id AND c.state = 'live') AND f.state IN ('done', 'undone'))
      OR (f.step = 'createShipment' AND (f.state = 'done') <> EXISTS (
            SELECT 1 FROM shipments h WHERE h.order_id = f.saga_id AND h.state = 'live') AND f.state IN ('done', 'undone'))
      OR (f.step = 'reserveInventory' AND f.state = 'done' AND NOT EXISTS (
            SELECT 1 FROM stock_movements m WHERE m.order_id = f.saga_id AND m.kind = 'reserved'))
      OR (f.step = 'awardPoints' AND f.state = 'done' AND NOT EXISTS (
            SELECT 1 FROM loyalty_entries e WHERE e.order_id = f.saga_id AND e.kind = 'awarded'))
      OR (s.status IN ('rejected', 'cancelled') AND f.state IN ('intended', 'done', 'undoing'))`

/**
 * A stream has no gaps, and its head is what its saga, or its own row, says. Its events have their outbox rows, but for the oldest ones
 * when they were published long ago: what is left is the end of the stream, published from the front. The clock is read
 * after the snapshot is taken, so whatever was pruned in it is older than that.
 */
const versions = (db: Transaction) => db.$queryRaw<Row[]>`
  SELECT stream_id AS offender FROM (
      SELECT split_part(definition, '@', 1) || '-' || id AS stream_id, version FROM sagas
      UNION ALL SELECT id, version FROM streams
    ) s FULL JOIN (
      SELECT e.stream_id, count(*) AS events, max(e.version) AS head, count(o.id) AS rows, min(o.version) AS first_row,
             count(*) FILTER (WHERE o.id IS NULL AND e.recorded_at >
               clock_timestamp() - make_interval(mins => ${OUTBOX_KEPT_MINUTES}::integer)) AS missing,
             max(o.version) FILTER (WHERE o.published_at IS NOT NULL) AS last_published,
             min(o.version) FILTER (WHERE o.published_at IS NULL) AS next_to_publish
        FROM events e LEFT JOIN outbox o USING (stream_id, version) GROUP BY e.stream_id
    ) e USING (stream_id)
   WHERE e.head IS DISTINCT FROM s.version OR e.events <> e.head
      OR e.missing > 0 OR e.rows <> e.head - e.first_row + 1 OR e.last_published > e.next_to_publish`

/** The fold of an order's events is what its row says. */
async function status(db: Transaction): Promise<Row[]> {
  const sagas = await db.saga.findMany({
    where: { order: { isNot: null } },
    orderBy: { id: 'desc' },
    take: FOLDED_MAX,
  })
  const streamOf = (id: string) => `order-${id}`
  const events = await db.event.findMany({
    where: { streamId: { in: sagas.map(({ id }) => streamOf(id)) } },
    orderBy: [{ streamId: 'asc' }, { version: 'asc' }],
  })
  const folded = new Map<string, OrderState>()
  for (const event of events.map(toEvent))
    folded.set(event.streamId, evolve(folded.get(event.streamId) ?? NOTHING, event))
  return sagas.flatMap((saga) => {
    const state = folded.get(streamOf(saga.id)) ?? NOTHING
    const isSame =
      state.status === saga.status &&
      (state.reason?.code ?? null) === saga.reasonCode &&
      (state.reason?.step ?? null) === saga.reasonStep
    return isSame ? [] : [{ offender: saga.id }]
  })
}

/** Once something of an order was undone, nothing of it was done any more. */
const orderOfEvents = (db: Transaction) => db.$queryRaw<Row[]>`
  SELECT stream_id AS offender FROM events GROUP BY stream_id
  HAVING max(version) FILTER (WHERE type = ANY(${Object.keys(DONE_BY)}::text[]))
       > min(version) FILTER (WHERE type = ANY(${Object.keys(UNDONE_BY)}::text[]))`

async function checkLedger(
  read: InvariantOptions['readLedger'],
  orders: Map<string, TerminalOrder>,
): Promise<Check[]> {
  const ledger = await read().catch(() => undefined)
  if (ledger === undefined) {
    return ['money-at-gateway', 'shipments-at-carrier'].map((name) => ({
      name,
      ok: false,
      detail: 'the provider’s ledger could not be read',
    }))
  }
  const charged = liveByOrder(ledger.charges, 'charged')
  const shipped = liveByOrder(ledger.shipments, 'created')
  const offenders = (isWrong: (order: TerminalOrder) => boolean) =>
    [...orders.values()].filter(isWrong).map(({ id }) => ({ offender: id }))
  const wrongCount = (live: number, { isCompleted, skipped }: TerminalOrder, step: string) =>
    isCompleted ? live !== 1 : live > 0 && !skipped.includes(step)
  return [
    verdict(
      'money-at-gateway',
      offenders((order) => {
        const live = charged.get(order.id) ?? []
        const isAmountWrong = order.isCompleted && live[0]?.amountMinor !== order.totalMinor
        return isAmountWrong || wrongCount(live.length, order, 'chargePayment')
      }),
    ),
    verdict(
      'shipments-at-carrier',
      offenders((order) => wrongCount(shipped.get(order.id)?.length ?? 0, order, 'createShipment')),
    ),
  ]
}

/** Keys have the form `order:<orderId>:<step>`. */
function liveByOrder<Entry extends { key: string; state: string }>(
  entries: readonly Entry[],
  live: string,
): Map<string, Entry[]> {
  const byOrder = new Map<string, Entry[]>()
  for (const entry of entries.filter(({ state }) => state === live)) {
    const orderId = entry.key.split(':')[1] ?? ''
    byOrder.set(orderId, [...(byOrder.get(orderId) ?? []), entry])
  }
  return byOrder
}
