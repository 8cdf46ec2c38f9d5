import type pg from 'pg'
import type { Operator } from '../store/operator.ts'
import { inTransaction, sqlOf, type Sql } from '../store/sql.ts'
import { settleHeads } from './dead-letters.ts'
import { NOT_AN_EVENT } from './foreign-messages.ts'
import type { EventEnvelope } from '../broker/envelope.ts'
import { keyOf, lockPositions, movePositions } from './inbox.ts'

export const LETTER_STATES = ['retrying', 'parked', 'behind', 'discarded'] as const
export type LetterState = (typeof LETTER_STATES)[number]

export interface DeadLetter {
  id: string
  consumer: string
  /** Of the projection that consumes it; null when the consumer is no projection. */
  generation: number | null
  streamId: string
  version: number
  type: string
  state: LetterState
  attempts: number
  cause: string | null
  message: string | null
  traceId: string | null
  firstFailedAt: Date | null
  lastFailedAt: Date | null
  nextAttemptAt: Date | null
  createdAt: Date
  /** How many events of its stream wait behind it. */
  behind: number
}

export interface LetterFilter {
  consumer?: string | undefined
  streamId?: string | undefined
  cause?: string | undefined
  type?: string | undefined
}

export type LetterVerdict = 'accepted' | 'not_parked' | 'unknown'

/** Letters that one operation takes up at most. */
const REPROCESSED_MAX = 1000

const COLUMNS = `d.id, split_part(d.consumer, '#', 1) AS consumer,
  nullif(split_part(d.consumer, '#', 2), '')::integer AS generation, d.stream_id AS "streamId", d.version, d.type, d.state,
  d.attempts, d.cause, d.message, d.trace_id AS "traceId", d.first_failed_at AS "firstFailedAt",
  d.last_failed_at AS "lastFailedAt", d.next_attempt_at AS "nextAttemptAt", d.created_at AS "createdAt",
  (SELECT count(*)::integer FROM dead_letters b WHERE b.consumer = d.consumer AND b.stream_id = d.stream_id
      AND b.state = 'behind' AND b.version > d.version AND d.state IN ('retrying', 'parked')) AS behind`

/** $1 to $4: a filter, of which each part may be null. */
const FITS = `($1::text IS NULL OR d.consumer = $1 OR split_part(d.consumer, '#', 1) = $1)
  AND ($2::text IS NULL OR d.stream_id = $2) AND ($3::text IS NULL OR d.cause = $3) AND ($4::text IS NULL OR d.type = $4)`
const valuesOf = ({ consumer, streamId, cause, type }: LetterFilter) => [
  consumer ?? null,
  streamId ?? null,
  cause ?? null,
  type ?? null,
]

/**
 * The oldest letters of one state, along its index: $5 is how many, and $6 and $7 are the letter after which they are. Other
 * letters are not read, however many there are.
 */
const walkOf = (state: LetterState, isContinued: boolean): string => `
  (SELECT ${COLUMNS} FROM dead_letters d WHERE d.state = '${state}' AND ${FITS}
     ${isContinued ? 'AND (d.created_at, d.id) > ($6::timestamptz, $7::uuid)' : ''}
    ORDER BY d.created_at, d.id LIMIT $5)`

/** Orders the list: the time first, as text of one length. */
export const letterKey = ({ createdAt, id }: DeadLetter): string => `${createdAt.toISOString()} ${id}`

/** What operators see of dead letters, and do with them. Every action is recorded with who, why, and what it found. */
export function createDeadLetterDesk({ pool }: { pool: pg.Pool }) {
  const db = sqlOf(pool)
  return {
    /** Oldest first; one more than asked for, when there is one. `after` is a key of `letterKey`. */
    list: (
      { states = ['retrying', 'parked'], ...filter }: LetterFilter & { states?: readonly LetterState[] },
      { limit, after }: { limit: number; after?: string | undefined },
    ) =>
      db.query<DeadLetter>(
        `SELECT * FROM (${states.map((state) => walkOf(state, after !== undefined)).join(' UNION ALL ')}) AS letters
          ORDER BY "createdAt", id LIMIT $5`,
        [...valuesOf(filter), limit + 1, ...(after?.split(' ') ?? [])],
      ),

    /** With the event itself. */
    async find(id: string): Promise<(DeadLetter & { envelope: EventEnvelope }) | undefined> {
      const [letter] = await db.query<DeadLetter & { envelope: EventEnvelope }>(
        `SELECT ${COLUMNS}, d.envelope FROM dead_letters d WHERE d.id = $1`,
        [id],
      )
      return letter
    },

    /** Makes it due now, with all its attempts before it. What waits behind another goes with that. */
    reprocess: (id: string, operator: Operator): Promise<LetterVerdict> =>
      inTransaction(pool, async (db) => {
        const [accepted] = await makeDue(db, [id], {}, operator)
        if (accepted !== undefined) return 'accepted'
        const found = await db.query('SELECT FROM dead_letters WHERE id = $1', [id])
        return found.length === 0 ? 'unknown' : 'not_parked'
      }),

    /** @returns how many were made due: of those named, or of those that fit, at most 1000. */
    reprocessMany: (
      { ids, filter = {} }: { ids?: readonly string[] | undefined; filter?: LetterFilter | undefined },
      operator: Operator,
    ): Promise<number> =>
      inTransaction(pool, async (db) => (await makeDue(db, ids ?? null, filter, operator)).length),

    /** Passes over the event for good: its consumer goes on with what waits behind it. */
    discard: (id: string, operator: Operator): Promise<LetterVerdict> =>
      inTransaction(pool, (db) => discard(db, id, operator)),
  }
}

/** Shorter waits first: they are tried in the order in which they failed. */
async function makeDue(
  db: Sql,
  ids: readonly string[] | null,
  filter: LetterFilter,
  { actor, reason }: Operator,
): Promise<{ id: string }[]> {
  return db.query(
    `WITH chosen AS MATERIALIZED (
       SELECT d.id, d.consumer, d.stream_id, d.version, d.state, d.attempts, d.cause FROM dead_letters d
        WHERE ${FITS} AND ($5::uuid[] IS NULL OR d.id = ANY($5::uuid[])) AND d.state IN ('retrying', 'parked')
          AND d.cause IS DISTINCT FROM '${NOT_AN_EVENT}'
        ORDER BY d.consumer, d.stream_id LIMIT ${REPROCESSED_MAX} FOR UPDATE
     ), due AS (
       UPDATE dead_letters d SET state = 'retrying', attempts = 0, next_attempt_at = clock_timestamp()
         FROM chosen WHERE d.id = chosen.id RETURNING d.id
     ), recorded AS (
       INSERT INTO operator_actions (at, actor, action, dead_letter_id, reason, before, after)
       SELECT clock_timestamp(), $6, 'reprocess', id, $7, to_jsonb(chosen) - 'id', '{"state": "retrying", "attempts": 0}'
         FROM chosen
     ) SELECT id FROM due`,
    [...valuesOf(filter), ids, actor, reason],
  )
}

async function discard(db: Sql, id: string, { actor, reason }: Operator): Promise<LetterVerdict> {
  const [where] = await db.query<{ consumer: string; streamId: string }>(
    'SELECT consumer, stream_id AS "streamId" FROM dead_letters WHERE id = $1',
    [id],
  )
  if (where === undefined) return 'unknown'
  const positions = await lockPositions(db, [where.consumer], [where.streamId])
  const next = (positions.get(keyOf(where)) ?? 0) + 1
  const [letter] = await db.query<{ version: number }>(
    `WITH chosen AS MATERIALIZED (
       SELECT id, consumer, stream_id, version, state, attempts, cause FROM dead_letters
        WHERE id = $1 AND state IN ('retrying', 'parked') AND version = $4 FOR UPDATE
     ), recorded AS (
       INSERT INTO operator_actions (at, actor, action, dead_letter_id, reason, before, after)
       SELECT clock_timestamp(), $2, 'discard', id, $3, to_jsonb(chosen) - 'id', '{"state": "discarded"}' FROM chosen
     ) UPDATE dead_letters d SET state = 'discarded', next_attempt_at = NULL FROM chosen WHERE d.id = chosen.id
     RETURNING d.version`,
    // One behind a gap is not next: what is missing would be passed over with it, unnoticed.
    [id, actor, reason, next],
  )
  if (letter === undefined) return 'not_parked'
  await movePositions(db, [{ ...where, version: letter.version }])
  await settleHeads(db, where.consumer, [where.streamId])
  return 'accepted'
}
