import type pg from 'pg'
import { inTransaction, type Sql } from '../store/sql.ts'
import { setAside, streamsSetAside, type SetAside } from './dead-letters.ts'
import { applyTo, codeOf, GAP, isNext, TIMED_OUT, tryToApply, type Applied, type Effect } from './effect.ts'
import { createTrail, type Trail } from './trail.ts'
import { inBatchSpan } from '../../tracing.ts'
import { isDatabaseTrouble } from '../../faults.ts'
import { fromEnvelope, type EventEnvelope } from '../broker/envelope.ts'
import type { StoredEvent } from '../store/event.ts'
import { keyOf, lockPositions, movePositions, type Position } from './inbox.ts'
import type { EventHandler } from '../broker/transport.ts'

/** Statements of one batch that may take too long, one delivery after the other, before it is an event's fault. */
const TIMEOUTS_MAX = 3

/** Consumers that take a batch in together, in one database transaction. Each has its own inbox and dead letters. */
export interface Group {
  readonly effects: readonly Effect[]
  /**
   * Applies events in fewer statements than one by one. When it throws they are applied one by one after all, as they
   * are without it.
   * @returns what came of each.
   */
  applyAll?: (db: Sql, taken: readonly Taken[]) => Promise<readonly ('applied' | 'ignored')[]>
}

/** An event that is next in its stream for one of the consumers. */
export interface Taken {
  effect: Effect
  event: StoredEvent
}

/** Called first in each database transaction: may lock what says who the consumers are. */
export type Enter = (db: Sql) => Promise<Group>

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
  const inOneTransaction = async (
    envelopes: readonly EventEnvelope[],
    take: (db: Sql, group: Group, envelopes: readonly EventEnvelope[], trail?: Trail) => Promise<number>,
  ) => {
    const trail = name === undefined ? undefined : createTrail()
    const applied = await inTransaction(pool, async (db) => {
      const applied = await take(db, await enter(db), envelopes, trail)
      reach?.('before-commit')
      return applied
    })
    trail?.record()
    return applied
  }
  let timeouts = 0
  const handle: EventHandler = async (envelopes) => {
    const applied = await inOneTransaction(envelopes, takeInAtOnce).catch((error: unknown) => {
      if (codeOf(error) === TIMED_OUT) timeouts += 1
      // Slow again and again: it may be one of these events, which is then looked for.
      if (timeouts >= TIMEOUTS_MAX) return inOneTransaction(envelopes, oneByOne(impatiently))
      if (isDatabaseTrouble(error)) throw error
      return inOneTransaction(envelopes, oneByOne(tryToApply))
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

/** `left`: it is applied later, in the same database transaction. */
type TryOne = (effect: Effect, db: Sql, envelope: EventEnvelope) => Promise<Applied | 'left'>

const impatiently: TryOne = (effect, db, envelope) => tryToApply(effect, db, envelope, false)

const oneByOne =
  (tryOne: TryOne) => (db: Sql, group: Group, envelopes: readonly EventEnvelope[], trail?: Trail) =>
    takeIn(db, group.effects, envelopes, tryOne, trail)

/** @throws when an event cannot be applied. */
async function takeInAtOnce(
  db: Sql,
  { effects, applyAll }: Group,
  envelopes: readonly EventEnvelope[],
  trail?: Trail,
): Promise<number> {
  if (applyAll === undefined) return takeIn(db, effects, envelopes, applyTo, trail)
  const startedAt = performance.now()
  const left: (Taken & { envelope: EventEnvelope })[] = []
  await takeIn(
    db,
    effects,
    envelopes,
    async (effect, _db, envelope) => {
      if (effect.discarded?.has(envelope.id) === true) return 'ignored'
      left.push({ effect, envelope, event: fromEnvelope(envelope) })
      return 'left'
    },
    trail,
  )
  const results = await applyAll(db, left)
  for (const [index, { effect, envelope }] of left.entries())
    trail?.add(effect.name, envelope, startedAt, results[index] ?? 'ignored')
  return results.filter((result) => result === 'applied').length
}

/**
 * Applies what is next in its stream, passes over what was seen before, and sets aside what fails, what is not next,
 * and what comes after either, for each of the consumers.
 * @returns how many events have taken effect.
 */
export async function takeIn(
  db: Sql,
  effects: readonly Effect[],
  envelopes: readonly EventEnvelope[],
  tryOne: TryOne = tryToApply,
  trail?: Trail,
): Promise<number> {
  const streams = [...new Set(envelopes.map(({ subject }) => subject))]
  const consumers = effects.map(({ name }) => name)
  const positions = await lockPositions(db, consumers, streams)
  for (const effect of effects) await effect.onStreams?.(db, streams)
  const aside = await streamsSetAside(db, consumers, streams)
  const moved = new Map<string, Position>()
  let applied = 0
  for (const effect of effects) {
    const letters: SetAside[] = []
    for (const envelope of envelopes) {
      const { subject: streamId, streamversion: version } = envelope
      const place = { consumer: effect.name, streamId }
      const key = keyOf(place)
      const position = moved.get(key)?.version ?? positions.get(key) ?? 0
      if (version <= position) continue
      if (aside.has(key)) {
        letters.push({ envelope })
        continue
      }
      const startedAt = performance.now()
      const result = isNext(effect, position, version) ? await tryOne(effect, db, envelope) : GAP
      if (result !== 'left') trail?.add(effect.name, envelope, startedAt, result)
      if (typeof result === 'object') {
        aside.add(key)
        letters.push({ envelope, failure: result })
      } else {
        moved.set(key, { ...place, version })
        if (result === 'applied') applied += 1
      }
    }
    await setAside(db, effect.name, letters)
  }
  await movePositions(db, [...moved.values()])
  return applied
}
