import type { Sql } from '../store/sql.ts'

/**
 * The inbox is one row per consumer and stream: everything of the stream up to `version` has taken effect. It is moved
 * in the database transaction of the effect, so that each event takes effect once however often it is delivered.
 *
 * Locks the rows, in one order everywhere; of two consumers with one name, the second waits and then sees what the
 * first has committed.
 * @returns the position in each stream, 0 where nothing of it was seen yet.
 */
export async function lockPositions(
  db: Sql,
  consumer: string,
  streams: readonly string[],
): Promise<Map<string, number>> {
  const rows = await db.query<{ streamId: string; version: number }>(
    `INSERT INTO inbox AS i (consumer, stream_id, version)
     SELECT $1, stream_id, 0 FROM unnest($2::text[]) AS s (stream_id) ORDER BY stream_id
     ON CONFLICT (consumer, stream_id) DO UPDATE SET version = i.version
     RETURNING stream_id AS "streamId", version`,
    [consumer, streams],
  )
  return new Map(rows.map(({ streamId, version }) => [streamId, version]))
}

/** The caller has locked them. */
export async function movePositions(
  db: Sql,
  consumer: string,
  moved: ReadonlyMap<string, number>,
): Promise<void> {
  if (moved.size === 0) return
  await db.query(
    `UPDATE inbox SET version = greatest(inbox.version, m.version) FROM unnest($2::text[], $3::integer[]) AS m (stream_id, version)
      WHERE consumer = $1 AND inbox.stream_id = m.stream_id`,
    [consumer, [...moved.keys()], [...moved.values()]],
  )
}
