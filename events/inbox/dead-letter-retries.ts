import type pg from 'pg'
import { inTransaction, type Sql } from '../store/sql.ts'
import { recordFailure, settleHeads } from './dead-letters.ts'
import { GAP, isFailure, isNext, tryToApply, type Effect, type Failure } from './effect.ts'
import { createTrail, type Trail } from './trail.ts'
import type { EventEnvelope } from '../broker/envelope.ts'
import { keyOf, lockPositions, movePositions, type Place } from './inbox.ts'

/** Streams that are tried in one round, and events of a stream in one database transaction. */
const STREAMS_MAX = 50
const DRAINED_MAX = 100

/** The caller has other things to do too. */
const ROUND_MAX_MS = 2000

export interface RetryOptions {
  pool: pg.Pool
  /** Of `dueLetters`. */
  due: readonly Place[]
  /** Called first in the database transaction; undefined when no consumer has this name any more. */
  resolve: (db: Sql, consumer: string) => Promise<Effect | undefined>
}

/** The streams that are to be tried again. @param consumers their names, without their generation. */
export const dueLetters = (db: Sql, consumers: readonly string[]): Promise<Place[]> =>
  db.query(
    `SELECT consumer, stream_id AS "streamId" FROM dead_letters
      WHERE state = 'retrying' AND next_attempt_at <= clock_timestamp() AND split_part(consumer, '#', 1) = ANY ($1::text[])
      ORDER BY next_attempt_at, created_at LIMIT ${STREAMS_MAX}`,
    [consumers],
  )

/**
 * Tries again what is due. Where it succeeds, the stream is drained in order, through the same path that a delivered
 * event takes.
 * @throws what is not the fault of an event: no attempt is spent then.
 */
export async function retryDueLetters({ pool, due, resolve }: RetryOptions): Promise<void> {
  const endsAt = performance.now() + ROUND_MAX_MS
  let failed: { error: unknown } | undefined
  for (const { consumer, streamId } of due) {
    if (performance.now() > endsAt) break
    try {
      const trail = createTrail()
      await inTransaction(pool, async (db) => {
        const effect = await resolve(db, consumer)
        await (effect === undefined ? postpone(db, consumer, streamId) : drain(db, effect, streamId, trail))
      })
      trail.record()
    } catch (error) {
      // One that cannot even be tried holds up none of the others.
      failed ??= { error }
    }
  }
  if (failed !== undefined) throw failed.error
}

/** Letters of a consumer that no longer exists would else be the first in the queue for ever. */
const postpone = (db: Sql, consumer: string, streamId: string) =>
  db.query(
    `UPDATE dead_letters SET next_attempt_at = clock_timestamp() + interval '10 minutes'
      WHERE consumer = $1 AND stream_id = $2 AND state = 'retrying'`,
    [consumer, streamId],
  )

interface Letter {
  id: string
  version: number
  attempts: number
  cause: string | null
  isDue: boolean
  envelope: EventEnvelope
}

async function drain(db: Sql, effect: Effect, streamId: string, trail: Trail): Promise<void> {
  const place = { consumer: effect.name, streamId }
  const positions = await lockPositions(db, [effect.name], [streamId])
  let position = positions.get(keyOf(place)) ?? 0
  const letters = await db.query<Letter>(
    `SELECT id, version, attempts, cause, envelope, coalesce(next_attempt_at <= clock_timestamp(), false) AS "isDue"
       FROM dead_letters WHERE consumer = $1 AND stream_id = $2 AND state <> 'discarded'
      ORDER BY version LIMIT ${DRAINED_MAX} FOR UPDATE`,
    [effect.name, streamId],
  )
  // Another process has tried it meanwhile.
  if (letters[0]?.isDue !== true) return
  const settled: string[] = []
  let failed: { letter: Letter; failure: Failure } | undefined
  for (const letter of letters) {
    const failure = await attempt(db, effect, position, letter, trail)
    if (failure !== undefined) {
      failed = { letter, failure }
      break
    }
    settled.push(letter.id)
    position = Math.max(position, letter.version)
  }
  await db.query('DELETE FROM dead_letters WHERE id = ANY($1::uuid[])', [settled])
  await movePositions(db, [{ ...place, version: position }])
  if (failed !== undefined) await recordFailure(db, failed.letter, failed.failure)
  await settleHeads(db, effect.name, [streamId])
}

async function attempt(
  db: Sql,
  effect: Effect,
  position: number,
  { version, envelope }: Letter,
  trail: Trail,
): Promise<Failure | undefined> {
  if (version <= position) return undefined
  const startedAt = performance.now()
  const result = isNext(effect, position, version) ? await tryToApply(effect, db, envelope, false) : GAP
  trail.add(effect.name, envelope, startedAt, result)
  return isFailure(result) ? result : undefined
}
