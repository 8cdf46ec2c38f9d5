import { MAX, NIL } from 'uuid'
import type { Database } from '../../prisma/client.ts'
import type { Prisma } from '../../prisma/generated/client.ts'
import type { Page } from '../order/search.ts'
import type { ReturnStatus } from './status.ts'

/** What a return is read with: the written tables. */
const WHOLE_RETURN = {
  lines: { orderBy: { position: 'asc' } },
  saga: { include: { fences: true } },
} satisfies Prisma.ReturnInclude

export function createReturnQueries({ db }: { db: Database }) {
  return {
    /** @param owner the customer whose returns are all that there are for who asks; undefined for everybody's. */
    find: (id: string, owner?: string) =>
      db.return.findUnique({
        where: { id, ...(owner === undefined ? {} : { customerId: owner }) },
        include: WHOLE_RETURN,
      }),

    /** Of one order, oldest first; one more than asked for, when there is one. `after` is as below. */
    ofOrder: (orderId: string, { limit, after = NIL }: Page) =>
      db.return.findMany({
        where: { orderId, id: { gt: after } },
        include: WHOLE_RETURN,
        orderBy: { id: 'asc' },
        take: limit + 1,
      }),

    /** Newest first; one more than asked for, when there is one. `after` is the id of the last of the page before. */
    list: (status: ReturnStatus | undefined, { limit, after = MAX }: Page) =>
      db.return.findMany({
        where: { id: { lt: after }, ...(status === undefined ? {} : { status }) },
        include: WHOLE_RETURN,
        orderBy: { id: 'desc' },
        take: limit + 1,
      }),
  }
}

export type ReturnQueries = ReturnType<typeof createReturnQueries>
export type ReturnRecord = NonNullable<Awaited<ReturnType<ReturnQueries['find']>>>
