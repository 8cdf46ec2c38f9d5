import type { Database } from '../../prisma/client.ts'

/** A saga whose workflow may not run yet. */
export interface SagaStart {
  id: string
  definition: string
  deadlineAt: Date
}

/** How long a start is left to whoever claimed it. */
const CLAIM_SECONDS = 5

export function createStarts({ db }: { db: Database }) {
  return {
    /** Takes up to `limit` overdue starts, oldest first; nobody else gets them for a while. */
    claim: (limit: number) => db.$queryRaw<SagaStart[]>`
      UPDATE saga_starts s SET claimed_until = clock_timestamp() + make_interval(secs => ${CLAIM_SECONDS})
        FROM sagas
       WHERE sagas.id = s.saga_id AND s.saga_id IN (
         SELECT saga_id FROM saga_starts WHERE claimed_until <= clock_timestamp()
          ORDER BY claimed_until LIMIT ${limit} FOR UPDATE SKIP LOCKED)
      RETURNING sagas.id, sagas.definition, sagas.deadline_at AS "deadlineAt"`,

    /** The workflow runs. */
    async settle(id: string): Promise<void> {
      await db.$executeRaw`DELETE FROM saga_starts WHERE saga_id = ${id}::uuid`
    },

    /** Sagas that sleep although somebody wished to cancel them. */
    sleepers: (limit: number) => db.$queryRaw<{ id: string; definition: string }[]>`
      SELECT id, definition FROM sagas
       WHERE status IN ('waiting', 'parked') AND cancel_wished_at IS NOT NULL AND reason_code IS NULL
       ORDER BY id LIMIT ${limit}`,
  }
}
