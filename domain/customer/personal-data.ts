import type { Database } from '../../prisma/client.ts'

/**
 * From a wish to the first look at the customer's orders: one that was being placed when it was wished has committed by
 * then. And from one look to the next, while some of them are open.
 */
const PAUSE_SECONDS = 10

/** Pages that one call erases at most, so that a process that ends need not wait long for it. */
const PAGES_MAX = 20

/**
 * What is personal is erased in the database, by `prisma/functions/personal-data.sql`, which says what that is. The
 * sweep repeats it, in every API process.
 */
export function createPersonalData({
  db,
  pauseSeconds = PAUSE_SECONDS,
}: {
  db: Database
  pauseSeconds?: number
}) {
  return {
    /**
     * Notes that what is personal of this customer is to be erased, as far as it was there by now. A wish that is open
     * already begins anew: orders were placed, and reasons written, since.
     */
    async wishErasure(customerId: string): Promise<void> {
      await db.$executeRaw`
        INSERT INTO erasures (customer_id, requested_at, look_at)
        VALUES (${customerId}, clock_timestamp(), clock_timestamp() + make_interval(secs => ${pauseSeconds}::float8))
        ON CONFLICT (customer_id) WHERE finished_at IS NULL DO UPDATE SET requested_at = excluded.requested_at,
          look_at = excluded.look_at, reached = DEFAULT, open_from = NULL`
    },

    /** Does what was wished, page by page. */
    async eraseWished(): Promise<void> {
      for (let pages = 0; pages < PAGES_MAX; pages += 1) {
        const [row] = await db.$queryRaw<{ wasDue: boolean }[]>`
          SELECT erasures_advance(${pauseSeconds}::float8) AS "wasDue"`
        if (row?.wasDue !== true) return
      }
    },

    /** Erases a page of the orders that ended more than so many days ago. @returns how many. */
    async eraseOlderThan(days: number): Promise<number> {
      const [row] = await db.$queryRaw<{ erased: number }[]>`
        SELECT personal_data_expire(${days}::integer) AS erased`
      return row?.erased ?? 0
    },
  }
}
