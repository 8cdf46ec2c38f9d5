import type { Sql } from '../../events/store/sql.ts'
import { worth } from './worth.ts'
import { idsCreated, sagasCreated } from '../order/id-time.ts'
import { isTerminal, SAGA_STATUSES, type SagaStatus } from '../saga/status.ts'
import { readLatency, type Latency } from './latency.ts'
import { readProcesses, type ConnectedProcess } from './processes.ts'
import { readThroughput, type Bucket } from './throughput.ts'

interface Counted {
  status: SagaStatus
  count: number
}

interface Amount {
  currency: string
  /** A sum: one that is larger than a number can hold exactly is rounded. */
  amountMinor: number
}

export interface Overview {
  asOf: Date
  orders: {
    open: Counted[]
    lastDay: Counted[]
    oldestOpen: { id: string; status: SagaStatus; createdAt: Date } | null
    /** Totals of the orders that wait, compensate or are parked. */
    atRisk: (Amount & { orders: number })[]
  }
  throughput: Bucket[]
  latency: Latency
  starts: { backlog: number; oldestAt: Date | null }
  wakes: { backlog: number }
  outbox: { unpublished: number; oldestAt: Date | null }
  deadLetters: { parked: number; retrying: number; behind: number }
  parked: { steps: number; amounts: Amount[] }
  orphans: { count: number; oldestSince: Date | null }
  processes: ConnectedProcess[]
}

export interface OverviewOptions {
  db: Sql
  /** The names of the steps of orders, in their order, and which of them are pivots. */
  steps: readonly string[]
  pivots: readonly string[]
}

const DAY_MS = 86_400_000

const OPEN_STATUSES = SAGA_STATUSES.filter((status) => !isTerminal(status))

/** By the statuses that there are: an index finds those, and not all but three. */
const IS_OPEN_ORDER = `s.status IN (${OPEN_STATUSES.map((status) => `'${status}'`).join(', ')}) AND s.definition LIKE 'order@%'`

const OPEN = `SELECT s.status, count(*) AS count FROM sagas s WHERE ${IS_OPEN_ORDER} GROUP BY s.status`

const PLACED = `
  SELECT status, count(*) AS count FROM (${sagasCreated('s.status', `s.definition LIKE 'order@%'`)}) AS placed
   GROUP BY status`

const OLDEST_OPEN = `
  SELECT s.id, s.status, s.created_at AS "createdAt" FROM sagas s WHERE ${IS_OPEN_ORDER} ORDER BY s.id LIMIT 1`

const AT_RISK = `
  SELECT o.currency, sum(o.total_minor)::float8 AS "amountMinor", count(*) AS orders FROM sagas s CROSS JOIN LATERAL (SELECT * FROM orders WHERE id = s.id LIMIT 1) AS o
   WHERE s.status IN ('waiting', 'compensating', 'parked') GROUP BY o.currency ORDER BY o.currency`

const PARKED = `
  WITH parked AS (SELECT saga_id AS id, count(*) AS steps FROM step_fences WHERE parked_at IS NOT NULL GROUP BY saga_id)
  SELECT worth.currency, coalesce(sum(worth.amount_minor), 0)::float8 AS "amountMinor",
         sum(steps)::bigint AS steps
    FROM parked p ${worth('p.id')} GROUP BY 1 ORDER BY 1`

const QUEUES = `
  SELECT (SELECT count(*) FROM saga_starts) AS starts, (SELECT min(created_at) FROM saga_starts) AS "oldestStart",
         (SELECT count(*) FROM saga_wakes) AS wakes,
         (SELECT count(*) FROM outbox WHERE published_at IS NULL) AS unpublished,
         (SELECT recorded_at FROM outbox o JOIN events e USING (stream_id, version)
           WHERE o.published_at IS NULL ORDER BY o.id LIMIT 1) AS "oldestUnpublished"`

const TROUBLE = `
  SELECT count(*) FILTER (WHERE state = 'parked') AS parked, count(*) FILTER (WHERE state = 'retrying') AS retrying,
         count(*) FILTER (WHERE state = 'behind') AS behind
    FROM dead_letters WHERE state IN ('parked', 'retrying', 'behind')`

const ORPHANS = `
  SELECT count(*) AS count, min(w.orphan_since) AS "oldestSince"
    FROM saga_watches w JOIN sagas s ON s.id = w.saga_id AND s.version = w.version WHERE w.orphan_since IS NOT NULL`

/**
 * How the system is, for operators who watch it. Everything is read from the written tables, one statement after the
 * other: each is a moment of its own, and together they take no more than one connection.
 */
export function createOverview({ db, steps, pivots }: OverviewOptions) {
  const rowOf = async <Row>(text: string): Promise<Row> => {
    const [row] = await db.query<Row>(text)
    if (row === undefined) throw new Error('A count answered no row')
    return row
  }
  return {
    async read(): Promise<Overview> {
      const { asOf } = await rowOf<{ asOf: Date }>('SELECT clock_timestamp() AS "asOf"')
      const orders = await readOrders(db, asOf)
      const queues = await rowOf<Queues>(QUEUES)
      const parked = await db.query<{ currency: string | null; amountMinor: number; steps: number }>(PARKED)
      return {
        asOf,
        orders,
        throughput: await readThroughput(db, asOf, pivots),
        latency: await readLatency(db, asOf, { pivots, steps }),
        starts: { backlog: queues.starts, oldestAt: queues.oldestStart },
        wakes: { backlog: queues.wakes },
        outbox: { unpublished: queues.unpublished, oldestAt: queues.oldestUnpublished },
        deadLetters: await rowOf<Overview['deadLetters']>(TROUBLE),
        parked: {
          steps: parked.reduce((sum, row) => sum + row.steps, 0),
          amounts: parked.flatMap(({ currency, amountMinor }) =>
            currency === null ? [] : [{ currency, amountMinor }],
          ),
        },
        orphans: await rowOf<Overview['orphans']>(ORPHANS),
        processes: await readProcesses(db),
      }
    },
  }
}

interface Queues {
  starts: number
  oldestStart: Date | null
  wakes: number
  unpublished: number
  oldestUnpublished: Date | null
}

async function readOrders(db: Sql, asOf: Date): Promise<Overview['orders']> {
  const since = new Date(asOf.getTime() - DAY_MS)
  const open = await db.query<Counted>(OPEN)
  const placed = await db.query<Counted>(PLACED, [since, idsCreated({ createdFrom: since })[0]])
  const [oldestOpen = null] = await db.query<NonNullable<Overview['orders']['oldestOpen']>>(OLDEST_OPEN)
  return {
    open: countsOf(open, OPEN_STATUSES),
    lastDay: countsOf(placed, SAGA_STATUSES),
    oldestOpen,
    atRisk: await db.query<Amount & { orders: number }>(AT_RISK),
  }
}

/** Of every status, also of those that nothing has. */
const countsOf = (rows: readonly Counted[], statuses: readonly SagaStatus[]): Counted[] =>
  statuses.map((status) => ({ status, count: rows.find((row) => row.status === status)?.count ?? 0 }))
