import { setTimeout as sleep } from 'node:timers/promises'
import { IS_SET_ASIDE } from '../events/inbox/dead-letters.ts'
import type { Sql } from '../events/store/sql.ts'

/**
 * How fresh a read model is. The outbox knows every event, the inbox what has taken effect. Rows up to
 * `applied_outbox_id` were all applied when it was last looked at; since ids are drawn before they are committed, a
 * margin below it is looked at again, and so is what is not published yet.
 */
const MARGIN = 1000

const LOW = `(SELECT applied_outbox_id - ${MARGIN} FROM projections WHERE name = $1)`
const CONSUMER = `(SELECT name || '#' || generation FROM projections WHERE name = $1)`

/** The first in a range of the outbox that has not taken effect. Streams that are set aside are not waited for. */
const firstUnapplied = (range: string) => `
  (SELECT o.id, o.stream_id, o.version FROM outbox o
     LEFT JOIN inbox i ON i.consumer = ${CONSUMER} AND i.stream_id = o.stream_id
    WHERE ${range} AND ($2::bigint IS NULL OR o.id <= $2) AND o.version > coalesce(i.version, 0) AND NOT EXISTS (
      SELECT FROM dead_letters d WHERE d.consumer = ${CONSUMER} AND d.stream_id = o.stream_id AND d.${IS_SET_ASIDE})
    ORDER BY o.id LIMIT 1)`

/** The first event that the projection $1 has not applied, of those with ids up to $2. */
const UNAPPLIED = `
  SELECT * FROM (
    ${firstUnapplied(`o.id > ${LOW}`)} UNION ALL ${firstUnapplied(`o.published_at IS NULL AND o.id <= ${LOW}`)}
  ) AS firsts ORDER BY id LIMIT 1`

export interface Freshness {
  /** Everything that was recorded before this has taken effect, but for streams that are set aside. */
  asOf: Date
  lagMs: number
  /** Streams with a dead letter: it has nothing newer of them. */
  streamsSetAside: number
}

/** Read it before the read model: what is read then is at least as fresh. */
export async function freshnessOf(db: Sql, projection: string): Promise<Freshness> {
  const [row] = await db.query<{ asOf: Date | null; now: Date; streamsSetAside: number }>(
    `SELECT clock_timestamp() AS now, (SELECT count(DISTINCT stream_id) FROM dead_letters
         WHERE consumer = ${CONSUMER} AND ${IS_SET_ASIDE}) AS "streamsSetAside",
       (SELECT e.recorded_at FROM (${UNAPPLIED}) AS u JOIN events e USING (stream_id, version)) AS "asOf"`,
    [projection, null],
  )
  if (row === undefined) throw new Error('The database answered no time')
  const { now, streamsSetAside } = row
  const asOf = row.asOf ?? now
  return { asOf, lagMs: Math.max(0, now.getTime() - asOf.getTime()), streamsSetAside }
}

/** Rows that the mark passes in one move, so that none takes long. */
const MOVED_MAX = 50_000

/**
 * Moves the mark from which freshness is looked for. The consumer that applies events calls it now and then.
 * @returns whether it has moved.
 */
export async function moveAppliedMark(db: Sql, projection: string): Promise<boolean> {
  const [row] = await db.query<{ end: number }>(
    `SELECT applied_outbox_id + ${MOVED_MAX} AS end FROM projections WHERE name = $1`,
    [projection],
  )
  const [moved] = await db.query<{ mark: number }>(
    `UPDATE projections SET applied_outbox_id = coalesce((SELECT id - 1 FROM (${UNAPPLIED}) AS u),
       greatest(applied_outbox_id, least($2, (SELECT coalesce(max(id), 0) FROM outbox)))) WHERE name = $1
     RETURNING applied_outbox_id AS mark`,
    [projection, row?.end ?? MOVED_MAX],
  )
  return row !== undefined && moved?.mark !== row.end - MOVED_MAX
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
  const giveUpAt = performance.now() + patienceMs
  while (!(await isThere())) {
    if (performance.now() >= giveUpAt) return false
    await sleep(POLL_MS)
  }
  return true
}

async function everythingByNow(db: Sql, projection: string): Promise<() => Promise<boolean>> {
  const [head] = await db.query<{ id: string }>('SELECT coalesce(max(id), 0) AS id FROM outbox')
  return async () => (await db.query(UNAPPLIED, [projection, head?.id])).length === 0
}

/** A stream whose event is parked is not waited for: an operator has to decide first. */
async function hasReached(db: Sql, projection: string, streamId: string, version: number): Promise<boolean> {
  const rows = await db.query(
    `SELECT FROM inbox WHERE consumer = ${CONSUMER} AND stream_id = $2 AND version >= $3
     UNION ALL
     SELECT FROM dead_letters WHERE consumer = ${CONSUMER} AND stream_id = $2 AND state = 'parked'`,
    [projection, streamId, version],
  )
  return rows.length > 0
}

/** The newest version of a stream; 0 when there is no such stream. */
export async function newestVersion(db: Sql, streamId: string): Promise<number> {
  const [row] = await db.query<{ version: number }>(
    'SELECT coalesce(max(version), 0) AS version FROM events WHERE stream_id = $1',
    [streamId],
  )
  return row?.version ?? 0
}
