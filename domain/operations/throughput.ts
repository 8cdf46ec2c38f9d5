import type { Sql } from '../../events/store/sql.ts'
import { idsCreated, sagasCreated } from '../order/id-time.ts'
import { ORDERS_ENDED } from './ended.ts'

export const BUCKET_SECONDS = 10
const BUCKETS = 60

const MOVES = ['placed', 'completed', 'rejected', 'cancelled'] as const

/** How many orders were placed, and ended, in ten seconds. */
export type Bucket = { at: Date } & Record<(typeof MOVES)[number], number>

const BUCKET_OF = `floor(extract(epoch FROM at) / ${BUCKET_SECONDS})::bigint`

const PLACED = `
  SELECT 'placed' AS move, ${BUCKET_OF} AS bucket, count(*) AS count
    FROM (${sagasCreated('s.created_at AS at', `s.definition LIKE 'order@%'`)}) AS placed GROUP BY bucket`

const ENDED = `
  SELECT status AS move, ${BUCKET_OF} AS bucket, count(*) AS count
    FROM (SELECT status, ended_at AS at FROM (${ORDERS_ENDED}) AS ended) AS moved GROUP BY status, bucket`

interface Counted {
  move: (typeof MOVES)[number]
  bucket: number
  count: number
}

/** The last ten minutes up to `asOf`, oldest first: the last bucket is not over yet. */
export async function readThroughput(db: Sql, asOf: Date, pivots: readonly string[]): Promise<Bucket[]> {
  const last = Math.floor(asOf.getTime() / 1000 / BUCKET_SECONDS)
  const first = last - BUCKETS + 1
  const since = momentOf(first)
  const counted = [
    ...(await db.query<Counted>(PLACED, [since, idsCreated({ createdFrom: since })[0]])),
    ...(await db.query<Counted>(ENDED, [since, pivots])),
  ]
  const buckets = Array.from({ length: BUCKETS }, (_, index) => ({
    at: momentOf(first + index),
    placed: 0,
    completed: 0,
    rejected: 0,
    cancelled: 0,
  }))
  for (const { move, bucket, count } of counted) {
    const counts = buckets[bucket - first]
    // One that was placed after the clock was read may be in the next bucket.
    if (counts !== undefined) counts[move] = count
  }
  return buckets
}

const momentOf = (bucket: number) => new Date(bucket * BUCKET_SECONDS * 1000)
