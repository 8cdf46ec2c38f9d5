import type { Sql } from '../store/sql.ts'

/** A stream as one consumer sees it. */
export interface Place {
  consumer: string
  streamId: string
}

/** One text for it: the name of a consumer has no space. */
export const keyOf = ({ consumer, streamId }: Place): string => `${consumer} ${streamId}`

/** Up to which version a consumer has taken a stream in. */
export interface Position extends Place {
  version: number
}

/**
 * The inbox is one row per consumer and stream: everything of the stream up to `version` has taken effect. It is moved
 * in the database transaction of the effect, so that each event takes effect once however often it is delivered.
 *
 * Locks the rows of all these consumers, in one order everywhere; of two consumers with one name, the second waits and
 * then sees what the first has committed.
 * @returns the position of each in each stream by `keyOf`, 0 where nothing of it was seen yet.
 */
export async function lockPositions(
  db: Sql,
  consumers: readonly string[],
  streams: readonly string[],
): Promise<Map<string, number>> {
  const rows = await db.query<Position>(
    `INSERT INTO inbox AS i (consumer, stream_id, version)
     SELECT consumer, stream_id, 0 FROM unnest($1::text[]) AS c (consumer), unnest($2::text[]) AS s (stream_id)
      ORDER BY consumer, stream_id
     ON CONFLICT (consumer, stream_id) DO UPDATE SET version = i.version
     RETURNING consumer, stream_id AS "streamId", version`,
    [consumers, streams],
  )
  return new Map(rows.map((row) => [keyOf(row), row.version]))
}

/** The caller has locked them. */
export async function movePositions(db: Sql, moved: readonly Position[]): Promise<void> {
  if (moved.length === 0) return
  await db.query(
    `UPDATE inbox SET version = greatest(inbox.version, m.version)
       FROM unnest($1::text[], $2::text[], $3::integer[]) AS m (consumer, stream_id, version)
      WHERE inbox.consumer = m.consumer AND inbox.stream_id = m.stream_id`,
    [
      moved.map(({ consumer }) => consumer),
      moved.map(({ streamId }) => streamId),
      moved.map(({ version }) => version),
    ],
  )
}
