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

    /** Newest first; one more than asked for, when there is one. */
    list: ({ status, customerId }: OrderFilter, { limit, after }: Page) =>
      db.order.findMany({
        where: {
          ...(customerId === undefined ? {} : { customerId }),
          ...(status === undefined ? {} : { saga: { status } }),
          ...(after === undefined ? {} : { id: { lt: after } }),
        },
        include: WHOLE_ORDER,
        orderBy: { id: 'desc' },
        take: limit + 1,
      }),
  }
}

export type OrderQueries = ReturnType<typeof createOrderQueries>
export type OrderRecord = NonNullable<Awaited<ReturnType<OrderQueries['find']>>>
