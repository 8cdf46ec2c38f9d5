import type pg from 'pg'
import { Fault } from '../faults.ts'
import { createConsumer, takeIn } from '../events/inbox/consumer.ts'
import { inTransaction, sqlOf, type Sql } from '../events/store/sql.ts'
import { toEnvelope, type EventEnvelope } from '../events/broker/envelope.ts'
import { EVENT_COLUMNS, type StoredEvent } from '../events/store/event.ts'
import type { Effect } from '../events/inbox/effect.ts'
import { consumerOf, effectWithoutDiscarded, type Projection, groupOf } from './projection.ts'

/** Events in one database transaction, and rows deleted by one statement. */
const PAGE = 500
const DELETED_MAX = 5000

/** Rounds of catching up with what was written meanwhile; what is then left is caught up with in the last one. */
const ROUNDS_MAX = 10_000

export interface RebuildOptions {
  /** Its statements may take longer than those of a live consumer. */
  pool: pg.Pool
  projection: Projection
  /** The rebuild ends between two pages, and is begun again by the next leader. */
  stopping?: AbortSignal
}

/**
 * Builds a projection from zero, out of the store, beside the generation that is read, and puts it in its place once it
 * has caught up. One that was interrupted is begun again: what there is of it may be by older code.
 * @throws Fault REBUILD_SUPERSEDED when another has begun meanwhile.
 */
export async function rebuild({ pool, projection, stopping }: RebuildOptions): Promise<void> {
  const db = sqlOf(pool)
  const generation = await begin(db, projection)
  await removeUnused(pool, projection)
  const enter = async (transaction: Sql) => {
    await requireOurs(transaction, projection, generation, 'FOR KEY SHARE')
    return effectWithoutDiscarded(transaction, projection, generation)
  }
  const enterGroup = async (transaction: Sql) => groupOf(projection, generation, await enter(transaction))
  const consume = createConsumer({ pool, enter: enterGroup })
  let last: EventEnvelope | undefined
  do {
    stopping?.throwIfAborted()
    const page = await pageAfter(db, last)
    await consume(page)
    await countRebuilt(db, projection, page.length)
    last = page.length < PAGE ? undefined : page.at(-1)
  } while (last !== undefined)
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    stopping?.throwIfAborted()
    const caughtUp = await inTransaction(pool, async (transaction) =>
      catchUp(transaction, await enter(transaction)),
    )
    if (caughtUp < PAGE) break
  }
  await inTransaction(pool, (transaction) => takeOver(transaction, projection, generation))
  await removeUnused(pool, projection)
}

async function begin(db: Sql, { name }: Projection): Promise<number> {
  const [row] = await db.query<{ generation: number }>(
    `UPDATE projections SET rebuilding_generation = greatest(generation, rebuilding_generation) + 1,
       rebuild_wished_at = coalesce(rebuild_wished_at, clock_timestamp()), rebuilt_events = 0,
       total_events = (SELECT count(*) FROM events), started_at = clock_timestamp(), finished_at = NULL,
       updated_at = clock_timestamp()
      WHERE name = $1 RETURNING rebuilding_generation AS generation`,
    [name],
  )
  if (row === undefined) throw new Error(`The projection ${name} has no row`)
  // Waits for the live batches in progress. Those that come later note their streams; what these took in is in the
  // store.
  await db.query('SELECT FROM projections WHERE name = $1 FOR UPDATE', [name])
  return row.generation
}

/** Answers the generation that is read. */
async function requireOurs(
  db: Sql,
  { name }: Projection,
  generation: number,
  lock: 'FOR KEY SHARE' | 'FOR UPDATE',
): Promise<number> {
  const [row] = await db.query<{ generation: number }>(
    `SELECT generation FROM projections WHERE name = $1 AND rebuilding_generation = $2 ${lock}`,
    [name, generation],
  )
  if (row === undefined) throw new Fault('REBUILD_SUPERSEDED', 'Another rebuild of it has begun.')
  return row.generation
}

/** What a consumer would have been delivered: the rows of `from`, which names `events e`. */
const envelopesOf = async (db: Sql, from: string, values: readonly unknown[]): Promise<EventEnvelope[]> =>
  (
    await db.query<StoredEvent>(
      `SELECT ${EVENT_COLUMNS} FROM ${from} ORDER BY e.stream_id, e.version LIMIT ${PAGE}`,
      values,
    )
  ).map(toEnvelope)

const pageAfter = (db: Sql, last: EventEnvelope | undefined): Promise<EventEnvelope[]> =>
  envelopesOf(db, 'events e WHERE (e.stream_id, e.version) > ($1, $2::integer)', [
    last?.subject ?? '',
    last?.streamversion ?? 0,
  ])

const countRebuilt = (db: Sql, { name }: Projection, count: number): Promise<unknown[]> =>
  db.query(
    `UPDATE projections SET rebuilt_events = rebuilt_events + $2, updated_at = clock_timestamp(),
       total_events = greatest(total_events, rebuilt_events + $2) WHERE name = $1`,
    [name, count],
  )

/** What the streams in $2 have and the consumer $1 has not taken in, be it applied or set aside. */
const NOT_TAKEN_IN = `unnest($2::text[]) AS noted (stream_id)
  CROSS JOIN LATERAL (SELECT greatest(0,
    (SELECT version FROM inbox WHERE consumer = $1 AND stream_id = noted.stream_id),
    (SELECT max(version) FROM dead_letters WHERE consumer = $1 AND stream_id = noted.stream_id AND state <> 'discarded')
  ) AS version) AS taken
  JOIN events e ON e.stream_id = noted.stream_id AND e.version > taken.version`

/**
 * Takes in what the live generation has got since the rebuild began, and will not be delivered again: some of the
 * streams that it has noted. Only these are looked at, however many there are in all.
 * @returns how many streams these were.
 */
async function catchUp(db: Sql, effect: Effect): Promise<number> {
  const noted = await db.query<{ id: string }>(
    `DELETE FROM rebuild_streams WHERE consumer = $1 AND stream_id = ANY(ARRAY(
       SELECT stream_id FROM rebuild_streams WHERE consumer = $1 ORDER BY stream_id LIMIT ${PAGE}))
     RETURNING stream_id AS id`,
    [effect.name],
  )
  const streams = noted.map(({ id }) => id)
  let page: EventEnvelope[]
  do {
    page = await envelopesOf(db, NOT_TAKEN_IN, [effect.name, streams])
    await takeIn(db, [effect], page)
  } while (page.length === PAGE)
  return noted.length
}

/**
 * Live batches wait meanwhile: what they have taken in is caught up with, and then the new generation is the live one.
 */
async function takeOver(db: Sql, projection: Projection, generation: number): Promise<void> {
  const old = await requireOurs(db, projection, generation, 'FOR UPDATE')
  const effect = await effectWithoutDiscarded(db, projection, generation)
  while ((await catchUp(db, effect)) > 0);
  await db.query(`DELETE FROM dead_letters WHERE consumer = $1 AND state <> 'discarded'`, [
    consumerOf(projection.name, old),
  ])
  await db.query(
    `UPDATE projections SET generation = $2, rebuilding_generation = NULL, rebuild_wished_at = NULL,
       finished_at = clock_timestamp(), updated_at = clock_timestamp() WHERE name = $1`,
    [projection.name, generation],
  )
}

/** Deletes what generations that are neither read nor being built have left, a bounded number of rows at a time. */
export async function removeUnused(pool: pg.Pool, { name, tables }: Projection): Promise<void> {
  const db = sqlOf(pool)
  const [row] = await db.query<{ used: number[] }>(
    'SELECT array_remove(ARRAY[generation, rebuilding_generation], NULL) AS used FROM projections WHERE name = $1',
    [name],
  )
  const used = row?.used ?? []
  const unused = Array.from({ length: Math.max(...used) }, (_, index) => index + 1)
    .filter((generation) => !used.includes(generation))
    .map((generation) => ({ generation, consumer: consumerOf(name, generation) }))
  for (const table of tables) {
    await deleteAll(
      db,
      table,
      'generation = ANY($1::integer[])',
      unused.map((one) => one.generation),
    )
  }
  const consumers = unused.map((one) => one.consumer)
  await deleteAll(db, 'rebuild_streams', 'consumer = ANY($1::text[])', consumers)
  await deleteAll(db, 'inbox', 'consumer = ANY($1::text[])', consumers)
  await deleteAll(db, 'dead_letters', `consumer = ANY($1::text[]) AND state <> 'discarded'`, consumers)
}

async function deleteAll(
  db: Sql,
  table: string,
  condition: string,
  values: readonly unknown[],
): Promise<void> {
  let deleted: unknown[]
  do {
    deleted = await db.query(
      `DELETE FROM ${table} WHERE ctid = ANY(ARRAY(
         SELECT ctid FROM ${table} WHERE ${condition} LIMIT ${DELETED_MAX})) RETURNING 1`,
      [values],
    )
  } while (deleted.length === DELETED_MAX)
}
