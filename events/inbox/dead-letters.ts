import { NEWER_EVENT } from '../../faults.ts'
import type { Sql } from '../store/sql.ts'
import type { Failure } from './effect.ts'
import { keyOf, type Place } from './inbox.ts'
import { typeOf, type EventEnvelope } from '../broker/envelope.ts'

/**
 * An event that a consumer cannot apply takes its stream out of the flow: it is kept here, and what follows it in the
 * stream is kept behind it, in order. The other streams flow on. Code that changes the letters of a stream has locked
 * the stream's row in the inbox first.
 */
export interface SetAside {
  envelope: EventEnvelope
  /** Without one, it waits behind another. */
  failure?: Failure
}

/** Failures of one event before it is left to an operator. */
const ATTEMPTS_MAX = 5

const BACKOFF_MS = 500

/** An event of a newer release is tried until that release is there, which should not be long in seeing it. */
const BACKOFF_MAX_MS = 60_000

/**
 * Milliseconds until an event that has failed so often is tried again: doubled each time, with half of it left to
 * chance.
 */
export const backoffMs = (attempts: number, random: () => number = Math.random): number =>
  Math.min(BACKOFF_MS * 2 ** (attempts - 1), BACKOFF_MAX_MS) * (0.5 + random() / 2)

/** In the words of an index: operators discard letters, and all of these are kept. */
export const IS_SET_ASIDE = `state IN ('retrying', 'parked', 'behind')`

/** Which of these streams are set aside for which of the consumers, by `keyOf`. */
export async function streamsSetAside(
  db: Sql,
  consumers: readonly string[],
  streams: readonly string[],
): Promise<Set<string>> {
  const rows = await db.query<Place>(
    `SELECT DISTINCT consumer, stream_id AS "streamId" FROM dead_letters
      WHERE consumer = ANY($1::text[]) AND stream_id = ANY($2::text[]) AND state <> 'discarded'`,
    [consumers, streams],
  )
  return new Set(rows.map(keyOf))
}

export async function setAside(db: Sql, consumer: string, letters: readonly SetAside[]): Promise<void> {
  if (letters.length === 0) return
  const rows = letters.map(({ envelope, failure }) => ({
    envelope,
    type: typeOf(envelope),
    ...failure,
  }))
  await db.query(
    `INSERT INTO dead_letters (consumer, stream_id, version, type, envelope, trace_id, cause, message, state, attempts,
       first_failed_at, last_failed_at, next_attempt_at)
     SELECT $1, envelope->>'subject', (envelope->>'streamversion')::integer, type, envelope,
       substring(envelope->>'traceparent' FROM '^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f][13579bdf]$'), cause, message, state,
       CASE state WHEN 'retrying' THEN 1 ELSE 0 END, failed_at, failed_at,
       failed_at + make_interval(secs => $3::double precision / 1000)
       FROM jsonb_to_recordset($2::jsonb) AS l (envelope jsonb, type text, cause text, message text),
       LATERAL (SELECT CASE WHEN cause IS NULL THEN 'behind' ELSE 'retrying' END AS state,
         CASE WHEN cause IS NOT NULL THEN clock_timestamp() END AS failed_at) AS f
     ON CONFLICT (consumer, stream_id, version) DO NOTHING`,
    [consumer, JSON.stringify(rows), backoffMs(1)],
  )
  const late = letters.filter(({ failure }) => failure === undefined)
  if (late.length > 0) await settleHeads(db, consumer, [...new Set(late.map((l) => l.envelope.subject))])
}

/** The first of each stream is the one that is tried. When it has come to that place only now, it is due now. */
export async function settleHeads(db: Sql, consumer: string, streams: readonly string[]): Promise<void> {
  const hasEarlier = `EXISTS (SELECT FROM dead_letters e WHERE e.consumer = d.consumer AND e.stream_id = d.stream_id
    AND e.state <> 'discarded' AND e.version < d.version)`
  const values = [consumer, streams]
  await db.query(
    `UPDATE dead_letters d SET state = 'behind', next_attempt_at = NULL
      WHERE consumer = $1 AND stream_id = ANY($2::text[]) AND state IN ('retrying', 'parked') AND ${hasEarlier}`,
    values,
  )
  await db.query(
    `UPDATE dead_letters d SET state = 'retrying', attempts = 0, next_attempt_at = clock_timestamp()
      WHERE consumer = $1 AND stream_id = ANY($2::text[]) AND state = 'behind' AND NOT ${hasEarlier}`,
    values,
  )
}

/**
 * What has failed once more. To wait for a newer release spends none of the attempts that this release then has at it.
 */
export async function recordFailure(
  db: Sql,
  { id, ...before }: { id: string; attempts: number; cause: string | null },
  { cause, message }: Failure,
): Promise<void> {
  const isFirst = before.cause === NEWER_EVENT && cause !== NEWER_EVENT
  const attempts = isFirst ? 1 : before.attempts + 1
  const isParked = attempts >= ATTEMPTS_MAX && cause !== NEWER_EVENT
  await db.query(
    `UPDATE dead_letters SET state = $2, attempts = $3, cause = $4, message = $5, last_failed_at = clock_timestamp(),
       first_failed_at = coalesce(first_failed_at, clock_timestamp()),
       next_attempt_at = clock_timestamp() + make_interval(secs => $6::double precision / 1000)
      WHERE id = $1`,
    [id, isParked ? 'parked' : 'retrying', attempts, cause, message, isParked ? null : backoffMs(attempts)],
  )
}
