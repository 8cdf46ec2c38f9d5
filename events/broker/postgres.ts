import { APPEND_LOCK } from '../../locks.ts'
import { openPool } from '../../postgres.ts'
import { BATCH_MAX, deliver, type Batch } from './delivery.ts'
import { CHANNEL, createListener, type Listener } from './listener.ts'
import { sqlOf, type Sql } from '../store/sql.ts'
import { KEPT_BYTES, MESSAGE_BYTES_MAX, type Message } from './message.ts'
import type { EventTransport, OnTrouble, Subscription } from './transport.ts'

const CONNECTIONS_MAX = 4

/** What every consumer has read is kept for another hour: as long as an event is known, it is not stored again. */
const KEPT_MINUTES = 60
const PRUNE_INTERVAL_MS = 60_000
const PRUNED_MAX = 5000

/**
 * The lock is held until the commit by the session that appends, so that no position appears below one that was read.
 * One notification for a batch: commits with one wait for each other, so no commit of an order has any.
 */
const APPEND = `
  WITH locked AS MATERIALIZED (SELECT pg_advisory_xact_lock(${APPEND_LOCK}), pg_notify('${CHANNEL}', ''))
  INSERT INTO broker_messages (id, subject, envelope)
  SELECT envelope ->> 'id', envelope ->> 'subject', envelope
    FROM locked, jsonb_array_elements($1::jsonb) WITH ORDINALITY AS given (envelope, place) ORDER BY place
  ON CONFLICT (id) DO NOTHING`

const BEGIN_CURSORS =
  'INSERT INTO broker_cursors (consumer) SELECT unnest($1::text[]) ORDER BY 1 ON CONFLICT (consumer) DO NOTHING'

/** From the consumer on that is furthest behind; the inbox of the others knows what they have seen. As text: what it is, the one rule says. Of one that is too large only the beginning is fetched. */
const READ = `
  SELECT position, subject, stored_at AS "storedAt", octet_length(body) AS bytes,
         CASE WHEN octet_length(body) > ${MESSAGE_BYTES_MAX} THEN left(body, ${KEPT_BYTES}) ELSE body END AS body
    FROM broker_messages CROSS JOIN LATERAL (SELECT envelope::text AS body OFFSET 0) AS written
   WHERE position > (SELECT min(position) FROM broker_cursors WHERE consumer = ANY ($1::text[]))
   ORDER BY position LIMIT ${BATCH_MAX}`

type Row = Omit<Message, 'sequence' | 'body'> & { position: number; body: string }

/** Never backwards, also when an older batch is late. */
const MOVE_CURSORS =
  'UPDATE broker_cursors SET position = $2 WHERE consumer = ANY ($1::text[]) AND position < $2'

/** A consumer that is gone for good holds the log back until its cursor is deleted; so does having none. */
const PRUNE = `
  DELETE FROM broker_messages WHERE position IN (
    SELECT position FROM broker_messages
     WHERE position <= (SELECT min(position) FROM broker_cursors)
       AND stored_at < now() - make_interval(mins => ${KEPT_MINUTES})
     ORDER BY position LIMIT ${PRUNED_MAX}) RETURNING position`

/** The embedded broker: a log in a table, and a cursor for each consumer. */
export function openPostgresTransport(url: string, onTrouble: OnTrouble): EventTransport {
  const pool = openPool(url, { max: CONNECTIONS_MAX, name: 'ordersaga-broker' })
  const subscriptions = new Set<Subscription>()
  const db = sqlOf(pool)
  const prune = pruneNowAndThen(db, onTrouble)
  let listener: Listener | undefined

  return {
    async publish(events) {
      if (events.length === 0) return []
      try {
        await db.query(APPEND, [JSON.stringify(events)])
      } catch (error) {
        onTrouble('events could not be stored', error)
        return []
      }
      await prune()
      return events
    },

    async subscribe(consumer, subscriber) {
      const consumers = [consumer].flat()
      const news = (listener ??= createListener(url, onTrouble))
      let isKnown = false
      const next = async (stopping: AbortSignal) => {
        if (!isKnown) await db.query(BEGIN_CURSORS, [consumers])
        isKnown = true
        return nextBatch(db, consumers, news, stopping)
      }
      const subscription = deliver(consumers, next, subscriber, onTrouble)
      subscriptions.add(subscription)
      return subscription
    },

    async close() {
      await Promise.all([...subscriptions].map((subscription) => subscription.stop()))
      await listener?.stop()
      await pool.end()
    },
  }
}

async function nextBatch(
  db: Sql,
  consumers: readonly string[],
  news: Listener,
  stopping: AbortSignal,
): Promise<Batch | undefined> {
  // Before it reads: what is published meanwhile is news.
  const heard = news.heard()
  const rows = await db.query<Row>(READ, [consumers])
  const last = rows.at(-1)
  if (last === undefined) {
    await news.wait(heard, stopping)
    return undefined
  }
  return {
    messages: rows.map(({ position, body, ...row }) => ({
      ...row,
      sequence: position,
      body: Buffer.from(body),
    })),
    async acknowledge() {
      await db.query(MOVE_CURSORS, [consumers, last.position])
    },
  }
}

function pruneNowAndThen(db: Sql, onTrouble: OnTrouble): () => Promise<void> {
  let dueAt = 0
  return async () => {
    if (performance.now() < dueAt) return
    dueAt = performance.now() + PRUNE_INTERVAL_MS
    try {
      const pruned = await db.query(PRUNE)
      if (pruned.length === PRUNED_MAX) dueAt = 0
    } catch (error) {
      onTrouble('old messages could not be pruned', error)
    }
  }
}
