import type { Database } from '../../prisma/client.ts'

/** A definition of nothing but one step. */
export const MANY = { name: 'many@1', step: 'chargePayment' }

/** Writes the rows of many sagas at once, each at one step: what a long outage leaves behind. No workflow runs them. */
export async function writeSagas(
  db: Database,
  count: number,
  as: 'waiting' | 'parked' | 'processing',
  definition = MANY.name,
): Promise<void> {
  await db.$executeRaw`
    WITH saga AS (
      INSERT INTO sagas (id, definition, status, deadline_at, version, created_at, updated_at)
      SELECT gen_random_uuid(), ${definition}, ${as}, now() + interval '1 hour', 1, now() - interval '1 hour',
             now() - interval '1 hour'
        FROM generate_series(1, ${count}::integer)
      RETURNING id
    ) INSERT INTO step_fences (saga_id, step, state, waiting_for, parked_at, parked_error)
    SELECT id, ${MANY.step}, 'pending', CASE WHEN ${as} = 'waiting' THEN 'PAUSED' END,
           CASE WHEN ${as} = 'parked' THEN now() END, CASE WHEN ${as} = 'parked' THEN 'PROVIDER_ERROR' END
      FROM saga WHERE ${as} <> 'processing'`
}

/** How many rows of all tables a call reads and writes, as PostgreSQL counts them. */
export async function rowsTouched(db: Database, call: (db: Database) => Promise<unknown>): Promise<number> {
  return db.$transaction(async (transaction) => {
    // What this connection counted before may not have been reported yet, and is counted with it.
    const before = await countOf(transaction as Database)
    await call(transaction as Database)
    return (await countOf(transaction as Database)) - before
  })
}

async function countOf(db: Database): Promise<number> {
  const [row] = await db.$queryRaw<{ count: bigint }[]>`
    SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0) + n_tup_ins + n_tup_upd + n_tup_del)::bigint AS count
      FROM pg_stat_xact_user_tables`
  return Number(row?.count)
}
