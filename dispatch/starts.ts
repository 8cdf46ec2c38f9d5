import type { Database } from '../prisma/client.ts'

/** A saga that was accepted just now. */
export interface NewSaga {
  id: string
  definition: string
  deadlineAt: Date
}

/** A saga whose workflow may not run yet. */
export interface SagaStart extends NewSaga {
  /** It had a workflow before, which is gone. */
  isRestart: boolean
  status: string
  /** The trace that it is part of. */
  traceParent: string | null
}

/** A sleeping saga that has something to look at. */
export interface SagaWake {
  id: string
  definition: string
  claimedUntil: Date
}

/** How long a start, or a wake, is left to the process that claimed it: longer than Temporal is given for it. */
const START_CLAIM_SECONDS = 10
const WAKE_CLAIM_SECONDS = 5

/**
 * What Temporal does not know yet: notes that are deleted once it does. They are the queue of the pumps. A statement is planned
 * once per connection, when there may be no notes or many: so each saga is looked up by its key.
 */
export function createStarts({ db }: { db: Database }) {
  return {
    /**
     * Takes up to `limit` starts, the oldest first; no other process gets them for a while.
     * @param own new sagas of this process, which no other process has claimed yet.
     */
    claimStarts: (limit: number, own: readonly string[]): Promise<SagaStart[]> => db.$queryRaw<SagaStart[]>`
      WITH claimed AS (
        UPDATE saga_starts SET claimed_until = clock_timestamp() + make_interval(secs => ${START_CLAIM_SECONDS})
         WHERE saga_id IN (
           SELECT saga_id FROM saga_starts
            WHERE claimed_until <= clock_timestamp() OR saga_id = ANY (${own}::uuid[])
            ORDER BY created_at, saga_id LIMIT ${limit} FOR UPDATE SKIP LOCKED)
        RETURNING saga_id, created_at, is_restart)
      SELECT s.id, s.definition, s.status, s.deadline_at AS "deadlineAt", n.is_restart AS "isRestart",
             s.trace_parent AS "traceParent"
        FROM claimed n CROSS JOIN LATERAL (SELECT * FROM sagas WHERE id = n.saga_id LIMIT 1) s
       ORDER BY n.created_at, n.saga_id`,

    /** The start failed: a process that has room may take it again. */
    async unclaim(id: string): Promise<void> {
      await db.$executeRaw`UPDATE saga_starts SET claimed_until = clock_timestamp() WHERE saga_id = ${id}::uuid`
    },

    /** The workflow runs, or has run to its end. */
    async started(id: string): Promise<void> {
      await db.$executeRaw`DELETE FROM saga_starts WHERE saga_id = ${id}::uuid`
    },

    /** Takes up to `limit` sagas that sleep and have something to look at, those first that have waited longest. */
    claimWakes: (limit: number): Promise<SagaWake[]> => db.$queryRaw<SagaWake[]>`
      WITH claimed AS (
        UPDATE saga_wakes SET claimed_until = clock_timestamp() + make_interval(secs => ${WAKE_CLAIM_SECONDS})
         WHERE saga_id IN (
           SELECT saga_id FROM saga_wakes WHERE claimed_until <= clock_timestamp()
            ORDER BY claimed_until LIMIT ${limit} FOR UPDATE SKIP LOCKED)
        RETURNING saga_id, claimed_until)
      SELECT s.id, s.definition, n.claimed_until AS "claimedUntil"
        FROM claimed n CROSS JOIN LATERAL (SELECT * FROM sagas WHERE id = n.saga_id LIMIT 1) s`,

    /** The workflow was woken, or is over. A note that was made after the claim stays. */
    async woken({ id, claimedUntil }: SagaWake): Promise<void> {
      await db.$executeRaw`DELETE FROM saga_wakes WHERE saga_id = ${id}::uuid AND claimed_until = ${claimedUntil}::timestamptz`
    },
  }
}

export type Starts = ReturnType<typeof createStarts>
