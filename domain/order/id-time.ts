import { MAX, NIL } from 'uuid'
import { wasCreated, type Bind, type OrderFilter } from './filter.ts'

/**
 * An id begins with the time at which it was made, by the clock of the host that took the order in. Its `created_at` is
 * of the database's clock. So the orders of a time have ids of about that time, but for those that are further apart
 * than this: none, while the clocks are right.
 */
const SKEW_MS = 60_000

/** Ids from the first, included, to the last, which is not. */
export type IdRange = readonly [from: string, to: string]

/** Where the ids are of all that was created in a time, but for the skewed ones. */
export const idsCreated = ({ createdFrom, createdTo }: OrderFilter): IdRange => [
  createdFrom === undefined ? NIL : firstIdAt(createdFrom.getTime() - SKEW_MS),
  createdTo === undefined ? MAX : firstIdAt(createdTo.getTime() + SKEW_MS + 1),
]

/** The query for the ids of the skewed ones; undefined when no time is asked for. */
export function skewedIds(filter: OrderFilter, bind: Bind): string | undefined {
  const bounds = wasCreated(filter, bind)
  if (bounds.length === 0) return undefined
  return `SELECT s.id FROM sagas s WHERE ${[IS_SKEWED, ...bounds].join(' AND ')} ORDER BY s.created_at`
}

/**
 * The query for columns of the sagas that were created since the moment $1; `firstId` is where `idsCreated` begins for it.
 */
export const sagasCreated = (columns: string, where: string, firstId = '$2'): string => `
  SELECT ${columns} FROM sagas s WHERE s.id >= ${firstId}::uuid AND s.created_at >= $1::timestamptz AND ${where}
  UNION ALL
  SELECT ${columns} FROM sagas s
   WHERE s.id < ${firstId}::uuid AND s.created_at >= $1::timestamptz AND ${IS_SKEWED} AND ${where}`

const MS_IN_ID = `('x' || left(s.id::text, 8) || substr(s.id::text, 10, 4))::bit(48)::bigint::float8`

/** In the words of the index `sagas_skewed`. */
const IS_SKEWED = `s.created_at NOT BETWEEN to_timestamp((${MS_IN_ID} - ${SKEW_MS}) / 1000)
  AND to_timestamp((${MS_IN_ID} + ${SKEW_MS}) / 1000)`

/** The least id that begins with this time, in milliseconds since the epoch. */
function firstIdAt(ms: number): string {
  const digits = Math.max(ms, 0).toString(16).padStart(12, '0')
  return `${digits.slice(0, 8)}-${digits.slice(8)}-0000-0000-000000000000`
}
