import type pg from 'pg'
import { inTransaction, type Sql } from '../store/sql.ts'
import { setAside, streamsSetAside, type SetAside } from './dead-letters.ts'
import {
  applyTo,
  codeOf,
  GAP,
  isFailure,
  isNext,
  TIMED_OUT,
  tryToApply,
  type Applied,
  type Effect,
} from './effect.ts'
import { createTrail, type Trail } from './trail.ts'
import { inBatchSpan } from '../../tracing.ts'
import { isDatabaseTrouble } from '../../faults.ts'
import type { EventEnvelope } from '../broker/envelope.ts'
import { lockPositions, movePositions } from './inbox.ts'
import type { EventHandler } from '../broker/transport.ts'

/** Statements of one batch that may take too long, one delivery after the other, before it is an event's fault. */
const TIMEOUTS_MAX = 3

/** Called first in each database transaction: may lock what says who the consumer is. */
export type Enter = (db: Sql) => Promise<Effect>

export interface ConsumerOptions {
  /** Its name in traces; without one it leaves nothing there. */
  name?: string
  pool: pg.Pool
  enter: Enter
  /** Called at `before-commit` and `after-commit`, for kill tests. */
  reach?: ((point: string) => void) | undefined
  /** Called after a commit, with how many events have taken effect. */
  onApplied?: ((count: number) => void) | undefined
}

/**
 * Takes delivered events in, a batch in one database transaction; when that has committed, the batch may be
 * acknowledged. When an event fails, all of it is undone and done again one by one, so that only the stream of that
 * event is set aside. What is not the fault of an event rejects the batch: it is delivered again, and no attempt is
 * spent.
 */
export function createConsumer({ name, pool, enter, reach, onApplied }: ConsumerOptions): EventHandler {
  const inOneTransaction = async (envelopes: readonly EventEnvelope[], tryOne: TryOne) => {
    const trail = name === undefined ? undefined : createTrail(name)
    const applied = await inTransaction(pool, async (db) => {
      const applied = await takeIn(db, await enter(db), envelopes, tryOne, trail)
      reach?.('before-commit')
      return applied
    })
    trail?.record()
    return applied
  }
  let timeouts = 0
  const handle: EventHandler = async (envelopes) => {
    const applied = await inOneTransaction(envelopes, applyOrThrow).catch((error: unknown) => {
      if (codeOf(error) === TIMED_OUT) timeouts += 1
      // Slow again and again: it may be one of these events, which is then looked for.
      if (timeouts >= TIMEOUTS_MAX) return inOneTransaction(envelopes, impatiently)
      if (isDatabaseTrouble(error)) throw error
      return inOneTransaction(envelopes, tryToApply)
    })
    timeouts = 0
    reach?.('after-commit')
    onApplied?.(applied)
  }
  if (name === undefined) return handle
  return (envelopes) => {
    const traceParents = envelopes.map(({ traceparent }) => traceparent)
    return inBatchSpan(`${name} takes in a batch`, traceParents, () => handle(envelopes))
  }
}

type TryOne = (effect: Effect, db: Sql, envelope: EventEnvelope) => Promise<Applied>

const impatiently: TryOne = (effect, db, envelope) => tryToApply(effect, db, envelope, false)

const applyOrThrow: TryOne = applyTo

/**
 * Applies what is next in its stream, passes over what was seen before, and sets aside what fails, what is not next,
 * and what comes after either.
 * @returns how many events have taken effect.
 */
export async function takeIn(
  db: Sql,
  effect: Effect,
  envelopes: readonly EventEnvelope[],
  tryOne: TryOne = tryToApply,
  trail?: Trail,
): Promise<number> {
  const streams = [...new Set(envelopes.map(({ subject }) => subject))]
  const positions = await lockPositions(db, effect.name, streams)
  await effect.onStreams?.(db, streams)
  const aside = await streamsSetAside(db, effect.name, streams)
  const moved = new Map<string, number>()
  const letters: SetAside[] = []
  let applied = 0
  for (const envelope of envelopes) {
    const { subject, streamversion } = envelope
    const position = moved.get(subject) ?? positions.get(subject) ?? 0
    if (streamversion <= position) continue
    if (aside.has(subject)) {
      letters.push({ envelope })
      continue
    }
    const startedAt = performance.now()
    const result = isNext(effect, position, streamversion) ? await tryOne(effect, db, envelope) : GAP
    trail?.add(envelope, startedAt, result)
    if (isFailure(result)) {
      aside.add(subject)
      letters.push({ envelope, failure: result })
    } else {
      moved.set(subject, streamversion)
      applied += 1
    }
  }
  await movePositions(db, effect.name, moved)
  await setAside(db, effect.name, letters)
  return applied
}
