import type { Database } from '../prisma/client.ts'

/** A saga whose workflow may not run yet. */
export interface SagaStart {
  id: string
  definition: string
  deadlineAt: Date
}

/** A sleeping saga that has something to look at. */
export interface SagaWake {
  id: string
  definition: string
  claimedUntil: Date
}

/** How long a start or a wake is left to whoever claimed it. */
const CLAIM_SECONDS = 5

/** What Temporal has still to be told: notes that are taken away once it has been. */
export function createStarts({ db }: { db: Database }) {
  return {
    /** Takes up to `limit` overdue starts, oldest first; nobody else gets them for a while. */
    claimStarts: (limit: number) => db.$queryRaw<SagaStart[]>`
      UPDATE saga_starts s SET claimed_until = clock_timestamp() + make_interval(secs => ${CLAIM_SECONDS})
        FROM sagas
       WHERE sagas.id = s.saga_id AND s.saga_id IN (
         SELECT saga_id FROM saga_starts WHERE claimed_until <= clock_timestamp()
          ORDER BY claimed_until LIMIT ${limit} FOR UPDATE SKIP LOCKED)
      RETURNING sagas.id, sagas.definition, sagas.deadline_at AS "deadlineAt"`,

    /** The workflow runs. */
    async started(id: string): Promise<void> {
      await db.$executeRaw`DELETE FROM saga_starts WHERE saga_id = ${id}::uuid`
    },

    /** Takes up to `limit` sagas that sleep and have something to look at. */
    claimWakes: (limit: number) => db.$queryRaw<SagaWake[]>`
      UPDATE saga_wakes w SET claimed_until = clock_timestamp() + make_interval(secs => ${CLAIM_SECONDS})
        FROM sagas
       WHERE sagas.id = w.saga_id AND w.saga_id IN (
         SELECT saga_id FROM saga_wakes WHERE claimed_until <= clock_timestamp()
          ORDER BY claimed_until LIMIT ${limit} FOR UPDATE SKIP LOCKED)
      RETURNING sagas.id, sagas.definition, w.claimed_until AS "claimedUntil"`,

    /** Takes one saga's note, where there is one. */
    async claimWake(id: string): Promise<SagaWake | undefined> {
      const [wake] = await db.$queryRaw<SagaWake[]>`
        UPDATE saga_wakes w SET claimed_until = clock_timestamp() + make_interval(secs => ${CLAIM_SECONDS})
          FROM sagas WHERE sagas.id = w.saga_id AND w.saga_id = ${id}::uuid
        RETURNING sagas.id, sagas.definition, w.claimed_until AS "claimedUntil"`
      return wake
    },

    /** The workflow was woken, or is over. A note that was made after the claim stays. */
    async woken({ id, claimedUntil }: SagaWake): Promise<void> {
      await db.$executeRaw`DELETE FROM saga_wakes WHERE saga_id = ${id}::uuid AND claimed_until = ${claimedUntil}::timestamptz`
    },
  }
}
