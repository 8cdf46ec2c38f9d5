import type pg from 'pg'
import { openTestPool } from './database.ts'
import { sqlOf, type Sql } from '../../events/store/sql.ts'
import { dueLetters, retryDueLetters } from '../../events/inbox/dead-letter-retries.ts'
import type { Effect } from '../../events/inbox/effect.ts'
import { toEnvelope, type EventEnvelope } from '../../events/broker/envelope.ts'
import type { StoredEvent } from '../../events/store/event.ts'
import { createTestDatabase } from './start.ts'

/** A consumer whose effect is a row per event, so that each event that took effect twice, or never, can be seen. */
export interface Recording {
  pool: pg.Pool
  url: string
  effect: Effect
  /** Streams whose `OrderPlaced` fails. */
  poisoned: Set<string>
  /** Called before an event is applied. */
  onApply: { call: (event: StoredEvent) => Promise<void> | void }
  /** `stream/version`, in the order in which they took effect. */
  applied(): Promise<string[]>
  /** What is open, as `stream/version state attempts`. */
  letters(): Promise<string[]>
  /** Tries everything that is set aside and not parked, whenever it is due, in one round or several at once. */
  retryNow(rounds?: number): Promise<void>
  /** How many sessions wait for a lock of another. */
  waiting(): Promise<number>
  /** As if nothing had been delivered yet. */
  forget(): Promise<void>
  close(): Promise<void>
}

export async function createRecording(name = 'recording'): Promise<Recording> {
  const database = await createTestDatabase()
  const { url, admin } = database
  const pool = openTestPool(url, 6)
  const db = sqlOf(pool)
  await admin.$executeRaw`CREATE TABLE effects (id bigint GENERATED ALWAYS AS IDENTITY, event text)`
  await admin.$executeRaw`GRANT SELECT, INSERT ON effects TO PUBLIC`
  const poisoned = new Set<string>()
  const onApply: Recording['onApply'] = { call: () => undefined }
  const effect: Effect = {
    name,
    async apply(db, event) {
      await onApply.call(event)
      await db.query('INSERT INTO effects (event) VALUES ($1)', [`${event.streamId}/${event.version}`])
      if (poisoned.has(event.streamId) && event.type === 'OrderPlaced') {
        await db.query(`INSERT INTO products (sku, name, currency, price_minor) VALUES ($1, 'n', 'EUR', 1)`, [
          'secret',
        ])
      }
    },
  }
  return {
    pool,
    url,
    effect,
    poisoned,
    onApply,
    applied: async () =>
      (await db.query<{ event: string }>('SELECT event FROM effects ORDER BY id')).map(({ event }) => event),
    letters: async () =>
      (
        await db.query<{ line: string }>(
          `SELECT stream_id || '/' || version || ' ' || state || ' ' || attempts AS line FROM dead_letters
            ORDER BY stream_id, version`,
        )
      ).map(({ line }) => line),
    async retryNow(rounds = 1) {
      await db.query(
        `UPDATE dead_letters SET next_attempt_at = clock_timestamp() - interval '1 s' WHERE state = 'retrying'`,
      )
      const resolve = async (_db: Sql, consumer: string) => (consumer === name ? effect : undefined)
      const consumers = [name.split('#')[0] ?? name]
      await Promise.all(
        Array.from({ length: rounds }, async () =>
          retryDueLetters({ pool, due: await dueLetters(db, consumers), resolve }),
        ),
      )
    },
    async waiting() {
      const [row] = await db.query<{ count: number }>(
        `SELECT count(*) AS count FROM pg_stat_activity
          WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      )
      return row?.count ?? 0
    },
    async forget() {
      await admin.$executeRaw`TRUNCATE effects, inbox, dead_letters, operator_actions`
    },
    async close() {
      await pool.end()
      await database.close()
    },
  }
}

/** Events of one stream, of which the first is `OrderPlaced`. */
export const streamOf = (streamId: string, count: number): EventEnvelope[] =>
  Array.from({ length: count }, (_, index) =>
    toEnvelope({
      streamId,
      version: index + 1,
      type: index === 0 ? 'OrderPlaced' : 'Told',
      schemaVersion: 1,
      data: {},
      recordedAt: new Date(0),
    }),
  )
