import { MAX } from 'uuid'
import type { Database } from '../../prisma/client.ts'
import type { Prisma } from '../../prisma/generated/client.ts'
import type { SagaStatus } from '../saga/status.ts'

/** What an order is read with: the written tables, never a read model. */
const WHOLE_ORDER = {
  lines: { orderBy: { position: 'asc' } },
  saga: { include: { fences: true } },
} satisfies Prisma.OrderInclude

export interface OrderFilter {
  status?: SagaStatus | undefined
  customerId?: string | undefined
}

export interface Page {
  limit: number
  /** The id of the last item of the page before. */
  after?: string | undefined
}

export function createOrderQueries({ db }: { db: Database }) {
  return {
    find: (id: string) => db.order.findUnique({ where: { id }, include: WHOLE_ORDER }),

    /** Newest first; one more than asked for, when there is one. One that has moved meanwhile is shown as it is now. */
    async list({ status, customerId }: OrderFilter, page: Page) {
      const isByStatus = status !== undefined && customerId === undefined
      const where = isByStatus
        ? { id: { in: await newestOf(db, status, page) } }
        : {
            ...(customerId === undefined ? {} : { customerId }),
            ...(status === undefined ? {} : { saga: { status } }),
            ...(page.after === undefined ? {} : { id: { lt: page.after } }),
          }
      return db.order.findMany({
        where,
        include: WHOLE_ORDER,
        orderBy: { id: 'desc' },
        take: page.limit + 1,
      })
    },
  }
}

/**
 * The ids of the newest orders with a status; an order has the id of its saga. They are read from the index of sagas by
 * status and id, which alone has this order: with `status = …`, a plan made for any status may go through all sagas.
 */
async function newestOf(db: Database, status: SagaStatus, { limit, after }: Page): Promise<string[]> {
  const rows = await db.$queryRaw<{ id: string }[]>`
    SELECT s.id FROM sagas s CROSS JOIN LATERAL (SELECT FROM orders WHERE id = s.id LIMIT 1) o
     WHERE (s.status, s.id) < (${status}, ${after ?? MAX}::uuid) AND s.status >= ${status}
     ORDER BY s.status DESC, s.id DESC LIMIT ${limit + 1}`
  return rows.map(({ id }) => id)
}

export type OrderQueries = ReturnType<typeof createOrderQueries>
export type OrderRecord = NonNullable<Awaited<ReturnType<OrderQueries['find']>>>
