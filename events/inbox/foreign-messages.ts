import type { ForeignMessage } from '../broker/message.ts'
import type { Sql } from '../store/sql.ts'

/** The cause of a dead letter that is no event: there is nothing to apply, so it can only be discarded. */
export const NOT_AN_EVENT = 'NOT_AN_EVENT'

/**
 * Keeps messages that are no events among the dead letters of the consumer that met them, each as a stream of its own
 * that no event has: it holds nothing up. One that is delivered again is kept once.
 */
export async function keepForeign(
  db: Sql,
  consumer: string,
  messages: readonly ForeignMessage[],
): Promise<void> {
  const rows = messages.map(({ why, ...message }) => ({
    stream: `foreign-${message.sequence}-${message.storedAt.getTime()}`,
    why,
    message,
  }))
  await db.query(
    `INSERT INTO dead_letters (consumer, stream_id, version, type, envelope, cause, message, state, first_failed_at,
       last_failed_at)
     SELECT $1, stream, 1, 'Foreign', message, '${NOT_AN_EVENT}', why, 'parked', clock_timestamp(), clock_timestamp()
       FROM jsonb_to_recordset($2::jsonb) AS m (stream text, why text, message jsonb)
     ON CONFLICT (consumer, stream_id, version) DO NOTHING`,
    [consumer, JSON.stringify(rows)],
  )
}
