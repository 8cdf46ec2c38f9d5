import type { Database } from '../../prisma/client.ts'
import type { Operator } from '../../events/store/operator.ts'
import type { ParkedFilter } from './parking.ts'

export interface RetryBatchProgress {
  id: string
  status: 'running' | 'done' | 'stopped'
  filter: ParkedFilter
  rampPercent: number
  actor: string
  reason: string
  total: number
  pending: number
  retried: number
  succeeded: number
  failed: number
  createdAt: Date
  updatedAt: Date
}

/** Steps in one batch, so that it is written, and looked at, well within the time that a statement has. */
const STEPS_MAX = 10_000

/** How long an advance of a batch is left to the process that claimed it. */
const CLAIM_SECONDS = 5

export function createRetryBatches({ db, newId }: { db: Database; newId: () => string }) {
  const find = async (id: string): Promise<RetryBatchProgress | undefined> => {
    const batch = await db.retryBatch.findUnique({
      where: { id },
      include: { items: { select: { state: true } } },
    })
    if (batch === null) return undefined
    const count = (state: string) => batch.items.filter((item) => item.state === state).length
    return {
      id,
      status: batch.status as RetryBatchProgress['status'],
      filter: batch.filter as ParkedFilter,
      rampPercent: batch.rampPercent,
      actor: batch.actor,
      reason: batch.reason,
      total: batch.items.length,
      pending: count('pending'),
      retried: count('retried'),
      succeeded: count('succeeded'),
      failed: count('failed'),
      createdAt: batch.createdAt,
      updatedAt: batch.updatedAt,
    }
  }
  return {
    find,

    /**
     * Retries what is parked now and fits the filter, wave by wave; of very much, what was parked longest.
     * @param rampPercent how much of all of it goes in one wave.
     */
    async create(
      { step, errorClass }: ParkedFilter,
      rampPercent: number,
      { actor, reason }: Operator,
    ): Promise<RetryBatchProgress> {
      const id = newId()
      const filter = JSON.stringify({ step, errorClass })
      await db.$executeRaw`
        WITH batch AS (
          INSERT INTO retry_batches (id, filter, ramp_percent, actor, reason)
          VALUES (${id}::uuid, ${filter}::jsonb, ${rampPercent}::integer, ${actor}, ${reason}) RETURNING id
        ) INSERT INTO retry_batch_items (batch_id, saga_id, step)
        SELECT batch.id, f.saga_id, f.step FROM batch, step_fences f
         WHERE f.parked_at IS NOT NULL AND (${step ?? null}::text IS NULL OR f.step = ${step ?? null})
           AND (${errorClass ?? null}::text IS NULL OR f.parked_error = ${errorClass ?? null})
         ORDER BY f.parked_at LIMIT ${STEPS_MAX}`
      const made = await find(id)
      if (made === undefined) throw new Error(`Retry batch ${id} was made and is gone`)
      return made
    },

    /** Advances running batches that no other process works on, longest waiting first. */
    async advance(): Promise<void> {
      const claimed = await db.$queryRaw<{ id: string }[]>`
        UPDATE retry_batches SET claimed_until = clock_timestamp() + make_interval(secs => ${CLAIM_SECONDS})
         WHERE id IN (SELECT id FROM retry_batches WHERE status = 'running' AND claimed_until <= clock_timestamp()
           ORDER BY claimed_until, created_at LIMIT 10 FOR UPDATE SKIP LOCKED)
        RETURNING id`
      for (const { id } of claimed) {
        await db.$queryRaw`SELECT retry_batch_advance(${id}::uuid)`
        await db.$executeRaw`UPDATE retry_batches SET claimed_until = clock_timestamp() WHERE id = ${id}::uuid`
      }
    },
  }
}
