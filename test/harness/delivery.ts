import type pg from 'pg'
import { sqlOf } from '../../events/store/sql.ts'
import { toEnvelope } from '../../events/broker/envelope.ts'
import type { StoredEvent } from '../../events/store/event.ts'
import type { EventHandler } from '../../events/broker/transport.ts'

/** Stands in for relay and broker where a test wants to say when events arrive: hands out what the outbox holds. */
export function createDelivery(pool: pg.Pool, handlers: readonly EventHandler[]) {
  const db = sqlOf(pool)
  /** Hands out what is not published yet. @returns how many events that were. */
  const deliver = async (max = 200): Promise<number> => {
    const events = await db.query<StoredEvent & { id: string }>(
      `SELECT o.id, e.stream_id AS "streamId", e.version, e.type, e.schema_version AS "schemaVersion", e.data,
              e.recorded_at AS "recordedAt"
         FROM outbox o JOIN events e USING (stream_id, version) WHERE o.published_at IS NULL ORDER BY o.id LIMIT $1`,
      [max],
    )
    for (const handle of handlers) await handle(events.map(toEnvelope))
    await db.query('UPDATE outbox SET published_at = clock_timestamp() WHERE id = ANY($1::bigint[])', [
      events.map(({ id }) => id),
    ])
    return events.length
  }
  return {
    deliver,
    async everything(): Promise<void> {
      while ((await deliver()) > 0);
    },
  }
}
