import type { Database } from '../../prisma/client.ts'
import type { Prisma } from '../../prisma/generated/client.ts'
import type { OrderFilter } from './filter.ts'
import { searchFor, type Page } from './search.ts'

/** What an order is read with: the written tables, never a read model. */
const WHOLE_ORDER = {
  lines: { orderBy: { position: 'asc' } },
  saga: { include: { fences: true } },
} satisfies Prisma.OrderInclude

export function createOrderQueries({ db }: { db: Database }) {
  return {
    /** @param owner the customer whose orders are all that there are for who asks; undefined for everybody's. */
    find: (id: string, owner?: string) =>
      db.order.findUnique({
        where: { id, ...(owner === undefined ? {} : { customerId: owner }) },
        include: WHOLE_ORDER,
      }),

    /** Newest first; one more than asked for, when there is one. One that has moved meanwhile is shown as it is now. */
    async list(filter: OrderFilter, page: Page, owner?: string) {
      if (owner !== undefined && (filter.customerId ?? owner) !== owner) return []
      const [sql, values] = searchFor({ ...filter, customerId: owner ?? filter.customerId }, page)
      const found = await db.$queryRawUnsafe<{ id: string }[]>(sql, ...values)
      return db.order.findMany({
        where: { id: { in: found.map(({ id }) => id) } },
        include: WHOLE_ORDER,
        orderBy: { id: 'desc' },
      })
    },
  }
}

export type OrderQueries = ReturnType<typeof createOrderQueries>
export type OrderRecord = NonNullable<Awaited<ReturnType<OrderQueries['find']>>>
