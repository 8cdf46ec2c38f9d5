import { setTimeout as sleep } from 'node:timers/promises'
import type { Sql } from './database.ts'

/**
 * How fresh a read model is. The outbox knows every event, the inbox what has taken effect. Rows up to
 * `applied_outbox_id` were all applied when it was last looked at; since ids are drawn before they are committed, a
 * margin below it is looked at again, and so is what is not published yet.
 */
const MARGIN = 1000

/** What of the projection $1 has not taken effect, with ids up to $2; streams that are set aside are not waited for. */
const UNAPPLIED = `
  SELECT o.id, o.stream_id, o.version
    FROM (SELECT name || '#' || generation AS consumer, applied_outbox_id - ${MARGIN} AS low FROM projections WHERE name = $1) AS p
    CROSS JOIN LATERAL (
        SELECT id, stream_id, version FROM outbox WHERE id > p.low
        UNION ALL SELECT id, stream_id, version FROM outbox WHERE published_at IS NULL AND id <= p.low
      ) AS o
    LEFT JOIN inbox i ON i.consumer = p.consumer AND i.stream_id = o.stream_id
   WHERE o.version > coalesce(i.version, 0) AND ($2::bigint IS NULL OR o.id <= $2) AND NOT EXISTS (
     SELECT FROM dead_letters d WHERE d.consumer = p.consumer AND d.stream_id = o.stream_id AND d.state <> 'discarded')
   ORDER BY o.id LIMIT 1`

export interface Freshness {
  /** Everything that was recorded before this has taken effect. */
  asOf: Date
  lagMs: number
}

/** Read it before the read model: what is read then is at least as fresh. */
export async function freshnessOf(db: Sql, projection: string): Promise<Freshness> {
  const [row] = await db.query<{ asOf: Date | null; now: Date }>(
    `SELECT clock_timestamp() AS now,
       (SELECT e.recorded_at FROM (${UNAPPLIED}) AS u JOIN events e USING (stream_id, version)) AS "asOf"`,
    [projection, null],
  )
  const now = row?.now ?? new Date()
  const asOf = row?.asOf ?? now
  return { asOf, lagMs: Math.max(0, now.getTime() - asOf.getTime()) }
}

/** Moves the mark from which freshness is looked for. Whoever applies events calls it now and then. */
export async function moveAppliedMark(db: Sql, projection: string): Promise<void> {
  await db.query(
    `UPDATE projections SET applied_outbox_id = coalesce(
       (SELECT id - 1 FROM (${UNAPPLIED}) AS u), (SELECT max(id) FROM outbox), 0) WHERE name = $1`,
    [projection, null],
  )
}

/** What a reader waits for: all that is recorded by now, or one stream up to a version. */
export type WaitFor = { streamId: string; version: number } | 'everything'

const POLL_MS = 25

/** @returns false when it was not there in time. */
export async function waitUntilApplied(
  db: Sql,
  projection: string,
  what: WaitFor,
  patienceMs: number,
): Promise<boolean> {
  const isThere =
    what === 'everything'
      ? await everythingByNow(db, projection)
      : () => hasReached(db, projection, what.streamId, what.version)
  const giveUpAt = Date.now() + patienceMs
  while (!(await isThere())) {
    if (Date.now() >= giveUpAt) return false
    await sleep(POLL_MS)
  }
  return true
}

async function everythingByNow(db: Sql, projection: string): Promise<() => Promise<boolean>> {
  const [head] = await db.query<{ id: string }>('SELECT coalesce(max(id), 0) AS id FROM outbox')
  return async () => (await db.query(UNAPPLIED, [projection, head?.id])).length === 0
}

async function hasReached(db: Sql, projection: string, streamId: string, version: number): Promise<boolean> {
  const rows = await db.query(
    `SELECT FROM projections p JOIN inbox i ON i.consumer = p.name || '#' || p.generation
      WHERE p.name = $1 AND i.stream_id = $2 AND i.version >= $3`,
    [projection, streamId, version],
  )
  return rows.length > 0
}
