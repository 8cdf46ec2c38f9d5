import type { Sql } from '../../events/store/sql.ts'
import { ORDER_PARTICIPANTS } from '../participants.ts'
import { allSteps } from '../saga/step.ts'
import { ORDERS_ENDED } from './ended.ts'

/** Orders that are looked at. */
const SAMPLE_MAX = 1000
const WINDOW_MS = 3_600_000

export interface Latency {
  /** How many orders were looked at. */
  sample: number
  toTerminalMs: { p50: number; p99: number } | null
  steps: { name: string; count: number; p50Ms: number; p99Ms: number }[]
}

const PERCENTILES = (ms: string) => `percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY ${ms})`
const MS = (interval: string) => `extract(epoch FROM ${interval})::float8 * 1000`

/** Those that ended last, by their last move, which is about the same. */
const SAMPLE = `(${ORDERS_ENDED} ORDER BY s.updated_at DESC LIMIT ${SAMPLE_MAX})`

const TO_TERMINAL = `
  SELECT count(*) AS count, ${PERCENTILES(MS('ended_at - created_at'))} AS percentiles FROM ${SAMPLE} AS sample`

/** A step takes from the end of the one before it, or from the placing of the order, to its own end. */
const OF_STEPS = `
  SELECT type, count(*) AS count, ${PERCENTILES(MS('took'))} AS percentiles
    FROM (
      SELECT e.type, e.recorded_at - lag(e.recorded_at) OVER (PARTITION BY e.stream_id ORDER BY e.version) AS took
        FROM ${SAMPLE} AS sample JOIN events e ON e.stream_id = 'order-' || sample.id
       WHERE e.type = 'OrderPlaced' OR e.type = ANY ($3::text[])
    ) AS done
   WHERE took IS NOT NULL GROUP BY type`

type Percentiles = [p50: number, p99: number]

const DONE_BY = new Map(allSteps(ORDER_PARTICIPANTS).map(({ name, events }) => [events.done, name]))

/** How long the orders took that ended within the last hour, and each of their steps, in the order of the saga. */
export async function readLatency(
  db: Sql,
  asOf: Date,
  { pivots, steps }: { pivots: readonly string[]; steps: readonly string[] },
): Promise<Latency> {
  const values = [new Date(asOf.getTime() - WINDOW_MS), pivots]
  const [whole] = await db.query<{ count: number; percentiles: Percentiles | null }>(TO_TERMINAL, values)
  const { count: sample = 0, percentiles = null } = whole ?? {}
  const rows = await db.query<{ type: string; count: number; percentiles: Percentiles }>(OF_STEPS, [
    ...values,
    [...DONE_BY.keys()],
  ])
  const found = rows.map(({ type, count, percentiles: [p50, p99] }) => ({
    name: DONE_BY.get(type) ?? type,
    count,
    p50Ms: Math.round(p50),
    p99Ms: Math.round(p99),
  }))
  return {
    sample,
    toTerminalMs:
      percentiles === null ? null : { p50: Math.round(percentiles[0]), p99: Math.round(percentiles[1]) },
    steps: found.toSorted((a, b) => steps.indexOf(a.name) - steps.indexOf(b.name)),
  }
}
