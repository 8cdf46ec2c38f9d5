import type { Database } from '../../prisma/client.ts'
import { toShownEvent, type StoredEvent } from '../store/event.ts'

/** Ids are drawn before a commit: one that is this much lower than the newest may still appear. */
const LATE_MAX = 500

const BATCH_MAX = 200

export interface TailEvent extends StoredEvent {
  id: bigint
}

type Reads = Pick<Database, '$queryRaw'>

/** The id of the newest event of all streams. */
export async function newestId(db: Reads): Promise<bigint> {
  const [row] = await db.$queryRaw<{ id: bigint | null }[]>`SELECT max(id) AS id FROM outbox`
  return row?.id ?? 0n
}

/**
 * Follows the events of all streams after an id, as long as their outbox rows are kept. Each call answers those that
 * have appeared since the last, in order within a stream. For people who watch: what must not be missed goes by the
 * relay.
 */
export function followEvents(db: Reads, afterId: bigint): () => Promise<TailEvent[]> {
  let newest = afterId
  const told = new Set<bigint>()
  return async () => {
    const late = newest - BigInt(LATE_MAX)
    const rows = await db.$queryRaw<TailEvent[]>`
      SELECT o.id, e.stream_id AS "streamId", e.version, e.type, e.schema_version AS "schemaVersion", e.data,
             e.recorded_at AS "recordedAt"
        FROM outbox o JOIN events e USING (stream_id, version)
       WHERE o.id > ${late > afterId ? late : afterId} AND o.id <> ALL(${[...told]}::bigint[])
       ORDER BY o.id LIMIT ${BATCH_MAX}`
    for (const { id } of rows) {
      told.add(id)
      if (id > newest) newest = id
    }
    for (const id of told) if (id <= newest - BigInt(LATE_MAX)) told.delete(id)
    return rows.map((row) => toShownEvent(row))
  }
}
