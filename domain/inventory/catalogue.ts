import type { Database } from '../../prisma/client.ts'
import type { Page } from '../order/search.ts'

export function createCatalogue({ db }: { db: Database }) {
  return {
    find: (sku: string) => db.product.findUnique({ where: { sku }, include: { stock: true } }),

    /** By SKU; one more than asked for, when there is one. */
    list: ({ limit, after }: Page) =>
      db.product.findMany({
        ...(after === undefined ? {} : { where: { sku: { gt: after } } }),
        include: { stock: true },
        orderBy: { sku: 'asc' },
        take: limit + 1,
      }),
  }
}

export type ProductRecord = NonNullable<Awaited<ReturnType<ReturnType<typeof createCatalogue>['find']>>>
