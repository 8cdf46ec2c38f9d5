import { isDatabaseTrouble, DomainError, Fault } from '../../faults.ts'
import { type Sql } from '../store/sql.ts'
import { fromEnvelope, type EventEnvelope } from '../broker/envelope.ts'
import type { StoredEvent } from '../store/event.ts'

/** What one consumer does with an event. */
export interface Effect {
  /** Its name in the inbox and in the dead letters. */
  readonly name: string
  /**
   * Writes through `db` only: the position moves in the same database transaction. `ignored` is for an event that is none
   * of its business, of which no span is made.
   */
  apply(db: Sql, event: StoredEvent): Promise<void | 'applied' | 'ignored'>
  /** The ids of the events that an operator has discarded: passed over, whatever they are. */
  readonly discarded?: ReadonlySet<string>
  /**
   * Whether it takes an event in although an earlier one of its stream has not arrived: one whose effect only causes a look
   * at the record, and no rebuild could make up for what it has missed.
   */
  readonly toleratesGaps?: boolean
  /** Called once for each batch with its streams, also those of which nothing is applied. */
  onStreams?(db: Sql, streams: readonly string[]): Promise<void>
}

/** Why an event could not be applied, as operators may read it: no personal data, no stack. */
export interface Failure {
  /** A class of error, upper snake case. */
  cause: string
  message: string
}

/** What came of an event: applied, none of the consumer's business, or why it could not be applied. */
export type Applied = 'applied' | 'ignored' | Failure

export const isFailure = (applied: Applied): applied is Failure => typeof applied === 'object'

export const GAP: Failure = {
  cause: 'EVENT_GAP',
  message: 'An earlier event of its stream has not arrived.',
}

/** Whether an event may be applied, when the effect has those up to `position`. */
export const isNext = ({ toleratesGaps = false }: Effect, position: number, version: number): boolean =>
  version === position + 1 || (toleratesGaps && version > position)

export async function applyTo(
  effect: Effect,
  db: Sql,
  envelope: EventEnvelope,
): Promise<'applied' | 'ignored'> {
  if (effect.discarded?.has(envelope.id) === true) return 'ignored'
  return (await effect.apply(db, fromEnvelope(envelope))) ?? 'applied'
}

/** SQLSTATE of a statement that took too long: the database is slow, or this event is. */
export const TIMED_OUT = '57014'

/**
 * Applies an event, or leaves everything as it was and answers why.
 * @param isPatient whether a statement that takes too long is taken for the database's fault.
 * @throws what is not the event's fault; the database transaction is then of no more use.
 */
export async function tryToApply(
  effect: Effect,
  db: Sql,
  envelope: EventEnvelope,
  isPatient = true,
): Promise<Applied> {
  await db.query('SAVEPOINT event')
  let applied: Applied
  try {
    applied = await applyTo(effect, db, envelope)
  } catch (error) {
    if (isDatabaseTrouble(error) && (isPatient || codeOf(error) !== TIMED_OUT)) throw error
    // Fails where the connection was lost, which is not the event's fault either.
    await db.query('ROLLBACK TO SAVEPOINT event')
    return failureOf(error)
  }
  await db.query('RELEASE SAVEPOINT event')
  return applied
}

export const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined

/** The text of a foreign error may quote the event's data, so only text that cannot is kept. */
function failureOf(error: unknown): Failure {
  if (error instanceof DomainError || error instanceof Fault)
    return { cause: error.code, message: error.message }
  if (!(error instanceof Error))
    return { cause: 'UNKNOWN', message: 'Something that is no error was thrown.' }
  if ('severity' in error && 'code' in error) {
    const { table, column, constraint } = error as { table?: string; column?: string; constraint?: string }
    const where = [table, column, constraint].filter((name) => name !== undefined).join(' ')
    return {
      cause: `DATABASE_${String(error.code)}`,
      message: `PostgreSQL refused it${where === '' ? '' : `: ${where}`}.`,
    }
  }
  const isOurs = error instanceof TypeError || error instanceof RangeError
  const cause = error.name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase()
  return { cause, message: isOurs ? error.message : 'The log of its consumer says more.' }
}
