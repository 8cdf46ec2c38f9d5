import { createHash } from 'node:crypto'
import { stringify } from 'safe-stable-stringify'
import type { Database } from '../../prisma/client.ts'
import { DomainError, sqlStateOf } from '../../faults.ts'

/** Waits for the twin of a request have their limit in `idempotency_take`; PostgreSQL then answers this SQLSTATE. */
const LOCK_NOT_AVAILABLE = '55P03'

/**
 * The hash of a request: the same members with the same values are the same request.
 * @param sent the JSON that the client sent. What a schema fills in is not in it, so that a default that comes with a
 * later release makes no other request of one that is repeated across the deployment.
 */
export const fingerprint = (sent: object): string =>
  createHash('sha256').update(stringify(sent)).digest('hex')

/** @throws DomainError in place of the database's error when a twin of the request is still in flight. */
export function rethrowTwin(error: unknown): never {
  if (sqlStateOf(error) === LOCK_NOT_AVAILABLE) {
    throw new DomainError('IDEMPOTENCY_KEY_IN_USE', 'A request with this key is still being worked on.')
  }
  throw error
}

export const keyReused = () =>
  new DomainError('IDEMPOTENCY_KEY_REUSED', 'This key was used before, with another request.')

/** A request that was accepted before is answered all the same. */
export const intakePaused = () =>
  new DomainError('INTAKE_PAUSED', 'Nothing new is taken in at present. Repeat the request later.')

/** The definition of the saga that a key made: new ones may have got another since. */
export async function definitionOf(db: Database, id: string): Promise<string> {
  return (await db.saga.findUniqueOrThrow({ where: { id }, select: { definition: true } })).definition
}

/** Keys that one purge takes away at most. */
const PURGE_MAX = 1000

/**
 * Takes away keys that have had their time; `idempotency_find` does not know them any more. `now()` is the same for all
 * rows, as `clock_timestamp()` is not, so that the index finds the old ones and the others are not read.
 */
export async function purgeKeys(db: Database): Promise<number> {
  return db.$executeRaw`
    DELETE FROM idempotency_keys WHERE (caller, key) IN (
      SELECT caller, key FROM idempotency_keys WHERE created_at < now() - interval '72 hours'
       ORDER BY created_at LIMIT ${PURGE_MAX} FOR UPDATE SKIP LOCKED)`
}
