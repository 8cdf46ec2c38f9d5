import type { Sql } from '../store/sql.ts'
import { EVENT_COLUMNS, type StoredEvent } from '../store/event.ts'

/** How long the row of a published event is kept. Younger events therefore all have theirs. */
export const OUTBOX_KEPT_MINUTES = 60

/**
 * An event that is to be published as it was recorded, and the id of its row: in order within a stream, not across
 * streams.
 */
export interface OutboxRow extends StoredEvent {
  id: number
  /** The trace that it is published in. */
  traceParent: string | null
}

const UNPUBLISHED = `
  SELECT o.id, o.trace_parent AS "traceParent", ${EVENT_COLUMNS}
    FROM outbox o JOIN events e USING (stream_id, version)
   WHERE o.published_at IS NULL AND o.stream_id <> ALL ($1::text[]) ORDER BY o.id LIMIT $2`

/**
 * The oldest unpublished events but for those of some streams. Asked anew each time: a row with a low id may be
 * committed after one with a high id, so no id may be taken to mean that there is nothing below.
 */
export const readUnpublished = (
  db: Sql,
  exceptStreams: readonly string[],
  max: number,
): Promise<OutboxRow[]> => db.query(UNPUBLISHED, [exceptStreams, max])

export async function markPublished(db: Sql, ids: readonly number[]): Promise<void> {
  await db.query('UPDATE outbox SET published_at = now() WHERE id = ANY ($1::bigint[])', [ids])
}

/**
 * Deletes some of the rows that were published long enough ago, the oldest first, and says how many. What a read model
 * has still to apply stays: its lag is counted from these rows.
 */
export async function pruneOutbox(db: Sql, max: number): Promise<number> {
  const deleted = await db.query(
    `DELETE FROM outbox WHERE id IN (
       SELECT id FROM outbox WHERE published_at < now() - make_interval(mins => $1)
          AND id <= (SELECT min(applied_outbox_id) FROM projections)
        ORDER BY published_at, id LIMIT $2) RETURNING id`,
    [OUTBOX_KEPT_MINUTES, max],
  )
  return deleted.length
}

/** How many events wait to be published. */
export async function outboxDepth(db: Sql): Promise<number> {
  const rows = await db.query<{ depth: number }>(
    'SELECT count(*)::integer AS depth FROM outbox WHERE published_at IS NULL',
  )
  return rows[0]?.depth ?? 0
}

/** How long the first of them has been waiting, in seconds; 0 when none does. */
export async function outboxLagSeconds(db: Sql): Promise<number> {
  const rows = await db.query<{ lag: number }>(
    `SELECT extract(epoch FROM clock_timestamp() - e.recorded_at)::float8 AS lag
       FROM outbox o JOIN events e USING (stream_id, version)
      WHERE o.published_at IS NULL ORDER BY o.id LIMIT 1`,
  )
  return rows[0]?.lag ?? 0
}
