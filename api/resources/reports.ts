import type { Sql } from '../../events/store/sql.ts'
import type { OrderQueries } from '../../domain/order/queries.ts'
import { SAGA_STATUSES } from '../../domain/saga/status.ts'
import type { createOrderSummaryQueries, OrderSummary } from '../../read-models/order-summary.ts'
import type { createSalesQueries } from '../../read-models/sales.ts'
import type { createStockQueries } from '../../read-models/stock-levels.ts'
import { endpoint, reply, type Endpoint } from '../endpoint.ts'
import { HttpProblem } from '../problem.ts'
import { ownerSeenBy, requireOwn } from '../identity/principal.ts'
import {
  amountMinor,
  CUSTOMER_ID,
  customerId,
  page,
  pageQuery,
  sku,
  sumMinor,
  time,
  toPage,
} from '../parts.ts'
import { z } from '../zod.ts'
import { FRESHNESS, freshQuery, readFresh, READERS, type Wish } from './freshness.ts'

const orderSummary = z
  .object({
    id: z.uuid(),
    customerId: z.string(),
    status: z.enum(SAGA_STATUSES),
    reason: z.object({ code: z.string(), step: z.string() }).nullable(),
    currency: z.string(),
    totalMinor: amountMinor,
    chargedMinor: amountMinor.openapi({ description: 'What is charged and not refunded.' }),
    lines: z.array(z.object({ sku: z.string(), quantity: z.int(), unitPriceMinor: amountMinor })),
    steps: z.object({
      done: z.array(z.string()).openapi({ description: 'Also those that were undone later.' }),
      undone: z.array(z.string()),
      skipped: z.array(z.string()),
      parked: z.array(z.string()),
    }),
    version: z.int(),
    placedAt: time,
    updatedAt: time,
  })
  .openapi('OrderSummary')

export const orderSummaryList = page(orderSummary).extend(FRESHNESS).openapi('OrderSummaries')

export const salesReport = z
  .object({
    data: z.array(
      z.object({
        day: z.string(),
        sku: z.string(),
        quantity: z.int(),
        revenueMinor: sumMinor,
        currency: z.string(),
      }),
    ),
    ...FRESHNESS,
  })
  .openapi('SalesReport')

export const stockReport = z
  .object({
    data: z.array(z.object({ sku: z.string(), available: z.int(), reserved: z.int(), sold: z.int() })),
    ...FRESHNESS,
  })
  .openapi('StockReport')

const orderPage = pageQuery({ cursor: z.uuid().optional() })

const day = z.iso
  .date()
  .refine((date) => !date.startsWith('0000'), 'Before the year 1.')
  .openapi({ format: 'date', example: '2026-11-22' })

const salesQuery = freshQuery({ from: day.optional(), to: day.optional(), sku: sku.optional() }).refine(
  ({ from, to }) => from === undefined || to === undefined || from <= to,
  { path: ['from'], message: 'Is after `to`.' },
)

/** What the answers of a read model have in common. */
const OF_A_READ_MODEL = { bound: READERS, problems: ['READ_MODEL_BEHIND', 'ORDER_NOT_FOUND'] } as const

export interface ReportResources {
  queries: OrderQueries
  readModels: Sql
  orderSummaries: ReturnType<typeof createOrderSummaryQueries>
  sales: ReturnType<typeof createSalesQueries>
  stockLevels: ReturnType<typeof createStockQueries>
}

/** What is read from the read models: apart from the written tables, and a little behind them. */
export function reportEndpoints({
  queries,
  orderSummaries,
  sales,
  stockLevels,
  readModels,
}: ReportResources): Endpoint[] {
  const fresh = <T extends object>(projection: string, wish: Wish, read: () => Promise<T>) =>
    readFresh(readModels, projection, wish, read)
  const ofOrders = (orders: OrderSummary[], limit: number) =>
    toPage(orders, limit, ({ id }) => id, viewSummary)
  return [
    endpoint({
      method: 'get',
      path: '/customers/{id}/orders',
      summary: 'A customer’s orders, newest first',
      ...OF_A_READ_MODEL,
      params: z.object({ id: z.string() }),
      query: freshQuery(orderPage),
      answers: { 200: { description: 'With how fresh it is.', schema: orderSummaryList } },
      async handle({ params: { id }, query: { limit, cursor, ...wish }, principal }) {
        requireOwn(id, principal)
        const owner = ownerSeenBy(principal)
        if (
          wish.orderId !== undefined &&
          owner !== undefined &&
          (await queries.find(wish.orderId, owner)) === null
        )
          throw new HttpProblem('ORDER_NOT_FOUND')
        const body = await fresh('order-summary', wish, async () => {
          // A customer that cannot be has placed nothing.
          const isCustomer = CUSTOMER_ID.test(id)
          const found = isCustomer
            ? await orderSummaries.search({ customerId: id }, { limit, after: cursor })
            : []
          return ofOrders(found, limit)
        })
        return reply(200, body)
      },
    }),
    endpoint({
      method: 'get',
      path: '/reports/orders',
      summary: 'Search orders, newest first',
      ...OF_A_READ_MODEL,
      query: freshQuery({
        customerId: customerId.optional(),
        status: z.enum(SAGA_STATUSES).optional(),
        sku: sku.optional(),
        ...orderPage,
      }),
      answers: { 200: { description: 'With how fresh it is.', schema: orderSummaryList } },
      async handle({ query: { limit, cursor, minVersion, orderId, ...filter } }) {
        const body = await fresh('order-summary', { minVersion, orderId }, async () =>
          ofOrders(await orderSummaries.search(filter, { limit, after: cursor }), limit),
        )
        return reply(200, body)
      },
    }),
    endpoint({
      method: 'get',
      path: '/reports/sales',
      summary: 'What was sold: completed orders by day (UTC), SKU and currency',
      ...OF_A_READ_MODEL,
      query: salesQuery,
      answers: { 200: { description: 'With how fresh it is.', schema: salesReport } },
      async handle({ query: { minVersion, orderId, ...filter } }) {
        const read = async () => ({ data: await sales.report(filter) })
        return reply(200, await fresh('sales', { minVersion, orderId }, read))
      },
    }),
    endpoint({
      method: 'get',
      path: '/reports/stock',
      summary: 'Stock, as the events have it',
      ...OF_A_READ_MODEL,
      query: freshQuery({}),
      answers: { 200: { description: 'With how fresh it is.', schema: stockReport } },
      async handle({ query }) {
        const read = async () => ({ data: await stockLevels.levels() })
        return reply(200, await fresh('stock-levels', query, read))
      },
    }),
  ]
}

function viewSummary({ reasonCode, reasonStep, steps, ...summary }: OrderSummary) {
  const named = (isOne: (fold: OrderSummary['steps'][number]) => boolean) =>
    steps.filter(isOne).map(({ step }) => step)
  return {
    ...summary,
    reason: reasonCode === null ? null : { code: reasonCode, step: String(reasonStep) },
    steps: {
      done: named(({ wasDone }) => wasDone),
      undone: named(({ state }) => state === 'undone'),
      skipped: named(({ wasSkipped }) => wasSkipped),
      parked: named(({ isParked }) => isParked),
    },
    placedAt: summary.placedAt.toISOString(),
    updatedAt: summary.updatedAt.toISOString(),
  }
}
