import type { Database } from '../../prisma/client.ts'
import type { Operator } from '../../events/store/operator.ts'
import type { ParkedFilter } from './parking.ts'

export interface RetryBatchProgress {
  id: string
  status: 'running' | 'paused' | 'done' | 'stopped'
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

/** What an operator does to a batch, and the states in which that is possible. One that has ended stays as it is. */
const CHANGES = {
  pause: { to: 'paused', from: ['running'] },
  resume: { to: 'running', from: ['paused'] },
  stop: { to: 'stopped', from: ['running', 'paused'] },
} as const

export type RetryChange = keyof typeof CHANGES
export const RETRY_CHANGES = Object.keys(CHANGES) as RetryChange[]

export function createRetryBatches({ db, newId }: { db: Database; newId: () => string }) {
  /** The newest first. A step that was retried counts as settled as soon as it is, also while nothing advances its batch. */
  const read = (id: string | undefined, { limit, after }: { limit: number; after?: string | undefined }) =>
    db.$queryRaw<RetryBatchProgress[]>`
      SELECT b.id, b.status, b.filter, b.ramp_percent AS "rampPercent", b.actor, b.reason, c.*,
             b.created_at AS "createdAt", b.updated_at AS "updatedAt"
        FROM retry_batches b CROSS JOIN LATERAL (
          SELECT count(*)::integer AS total, count(*) FILTER (WHERE now.state = 'pending')::integer AS pending,
                 count(*) FILTER (WHERE now.state = 'retried')::integer AS retried,
                 count(*) FILTER (WHERE now.state = 'succeeded')::integer AS succeeded,
                 count(*) FILTER (WHERE now.state = 'failed')::integer AS failed
            FROM retry_batch_items i
            -- Without a saga, no fence is looked up: most steps are settled.
            LEFT JOIN step_fences f ON f.saga_id = CASE i.state WHEN 'retried' THEN i.saga_id END AND f.step = i.step
           CROSS JOIN LATERAL (SELECT CASE WHEN f.saga_id IS NULL THEN i.state WHEN f.parked_at IS NULL THEN 'succeeded'
             WHEN f.parked_noted_at > i.retried_at THEN 'failed' ELSE i.state END AS state) AS now
           WHERE i.batch_id = b.id) AS c
       WHERE (${id ?? null}::uuid IS NULL OR b.id = ${id ?? null}::uuid)
         AND (${after ?? null}::uuid IS NULL OR b.id < ${after ?? null}::uuid)
       ORDER BY b.id DESC LIMIT ${limit}`
  const find = async (id: string): Promise<RetryBatchProgress | undefined> =>
    (await read(id, { limit: 1 }))[0]
  return {
    find,

    /** Newest first; one more than asked for, when there is one. `after` is the id of the last of the page before. */
    list: ({ limit, after }: { limit: number; after?: string | undefined }) =>
      read(undefined, { limit: limit + 1, after }),

    /**
     * Pauses, resumes or stops a batch, and records who did it and why. What was woken goes on: no further step is.
     * @returns false when the batch is in no state for it; nothing is changed or recorded then.
     */
    async change(id: string, change: RetryChange, { actor, reason }: Operator): Promise<boolean> {
      const { to, from } = CHANGES[change]
      const changed = await db.$executeRaw`
        WITH changed AS (
          UPDATE retry_batches b SET status = ${to}, updated_at = clock_timestamp()
            FROM (SELECT id, status FROM retry_batches WHERE id = ${id}::uuid FOR UPDATE) AS was
           WHERE b.id = was.id AND was.status = ANY (${from}::text[])
          RETURNING b.id, was.status AS before, b.status AS after)
        INSERT INTO operator_actions (at, actor, action, retry_batch_id, reason, before, after)
        SELECT clock_timestamp(), ${actor}, ${change}, id, ${reason}, jsonb_build_object('status', before),
               jsonb_build_object('status', after) FROM changed`
      return changed > 0
    },

    /**
     * Retries what is parked now and fits the filter, wave by wave; of very much, what was parked longest.
     * @param rampPercent how much of all of it goes in one wave.
     */
    async create(
      { kind, step, errorClass }: ParkedFilter,
      rampPercent: number,
      { actor, reason }: Operator,
    ): Promise<RetryBatchProgress> {
      const id = newId()
      const filter = JSON.stringify({ kind, step, errorClass })
      await db.$executeRaw`
        WITH batch AS (
          INSERT INTO retry_batches (id, filter, ramp_percent, actor, reason)
          VALUES (${id}::uuid, ${filter}::jsonb, ${rampPercent}::integer, ${actor}, ${reason}) RETURNING id
        ) INSERT INTO retry_batch_items (batch_id, saga_id, step)
        SELECT batch.id, f.saga_id, f.step FROM batch, step_fences f JOIN sagas s ON s.id = f.saga_id
         WHERE f.parked_at IS NOT NULL AND (${step ?? null}::text IS NULL OR f.step = ${step ?? null})
           AND (${errorClass ?? null}::text IS NULL OR f.parked_error = ${errorClass ?? null})
           AND (${kind ?? null}::text IS NULL OR split_part(s.definition, '@', 1) = ${kind ?? null})
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
