import { Router } from 'express'
import { sagaStream } from '../../domain/saga/ids.ts'
import type { Sql } from '../../events/store/sql.ts'
import { freshnessOf, waitUntilApplied } from '../../read-models/freshness.ts'
import type { createProjectionDesk, ProjectionStatus } from '../../read-models/projection-desk.ts'
import type { createOrderSummaryQueries, OrderSummary, Overview } from '../../read-models/order-summary.ts'
import type { createSalesQueries } from '../../read-models/sales.ts'
import type { createStockQueries } from '../../read-models/stock-levels.ts'
import { SAGA_STATUSES } from '../../domain/saga/status.ts'
import { boundInFlight } from '../back-pressure.ts'
import { parseQuery, serve, toPage } from '../http.ts'
import { HttpProblem } from '../problem.ts'
import { customerOrdersQuery, freshOnlyQuery, orderSearchQuery, salesQuery } from '../schemas/read-models.ts'
import { customerId, noQuery } from '../schemas/shared.ts'

/** Readers at once, of which each may wait for its own write. */
const READERS_MAX = 200
const WAIT_MAX_MS = 5000

export interface ReadModelRoutes {
  readModels: Sql
  orderSummaries: ReturnType<typeof createOrderSummaryQueries>
  sales: ReturnType<typeof createSalesQueries>
  stockLevels: ReturnType<typeof createStockQueries>
  projections: ReturnType<typeof createProjectionDesk>
}

/** What is read from the read models: apart from the written tables, and a little behind them. */
export function createReadModelRoutes(options: ReadModelRoutes): Router {
  const { orderSummaries, sales, stockLevels, projections } = options
  const router = Router()
  const bounded = boundInFlight(READERS_MAX)
  const fresh = <T extends object>(projection: string, wish: Wish, read: () => Promise<T>) =>
    readFresh(options.readModels, projection, wish, read)

  serve(router, '/customers/:id/orders', {
    get: [
      bounded,
      async (request, response) => {
        const { limit, cursor, ...wish } = parseQuery(customerOrdersQuery, request.query)
        const asked = customerId.safeParse(request.params['id'])
        const answer = await fresh('order-summary', wish, async () => {
          // A customer that cannot be has placed nothing.
          const orders = asked.success
            ? await orderSummaries.search({ customerId: asked.data }, { limit, after: cursor })
            : []
          return toPage(orders, limit, ({ id }) => id, viewSummary)
        })
        response.json(answer)
      },
    ],
  })

  serve(router, '/reports/orders', {
    get: [
      bounded,
      async (request, response) => {
        const { limit, cursor, minVersion, orderId, ...filter } = parseQuery(orderSearchQuery, request.query)
        const answer = await fresh('order-summary', { minVersion, orderId }, async () => {
          const orders = await orderSummaries.search(filter, { limit, after: cursor })
          return toPage(orders, limit, ({ id }) => id, viewSummary)
        })
        response.json(answer)
      },
    ],
  })

  serve(router, '/reports/sales', {
    get: [
      bounded,
      async (request, response) => {
        const { minVersion, orderId, ...filter } = parseQuery(salesQuery, request.query)
        const wish = { minVersion, orderId }
        response.json(await fresh('sales', wish, async () => ({ data: await sales.report(filter) })))
      },
    ],
  })

  serve(router, '/reports/stock', {
    get: [
      bounded,
      async (request, response) => {
        const wish = parseQuery(freshOnlyQuery, request.query)
        response.json(await fresh('stock-levels', wish, async () => ({ data: await stockLevels.levels() })))
      },
    ],
  })

  serve(router, '/operations/overview', {
    get: [
      bounded,
      async (request, response) => {
        const wish = parseQuery(freshOnlyQuery, request.query)
        const read = async () => viewOverview(await orderSummaries.overview())
        response.json(await fresh('order-summary', wish, read))
      },
    ],
  })

  serve(router, '/operations/projections', {
    get: async (request, response) => {
      parseQuery(noQuery, request.query)
      response.json({ data: (await projections.list()).map(viewProjection) })
    },
  })

  serve(router, '/operations/projections/:name/rebuild', {
    post: async (request, response) => {
      parseQuery(noQuery, request.query)
      const name = String(request.params['name'])
      const isKnown = /^[a-z-]{1,60}$/.test(name) && (await projections.wishRebuild(name))
      if (!isKnown) throw new HttpProblem('PROJECTION_NOT_FOUND', 'There is no projection of this name.')
      response.status(202).location('/operations/projections').json({ status: 'accepted' })
    },
  })

  return router
}

interface Wish {
  minVersion?: number | undefined
  orderId?: string | undefined
}

/** Waits for what is wished, then reads; how fresh it is, is read before it. */
async function readFresh<T extends object>(
  db: Sql,
  projection: string,
  { minVersion, orderId }: Wish,
  read: () => Promise<T>,
) {
  if (minVersion !== undefined) {
    const what =
      orderId === undefined
        ? 'everything'
        : { streamId: sagaStream('order', orderId.toLowerCase()), version: minVersion }
    if (!(await waitUntilApplied(db, projection, what, WAIT_MAX_MS))) {
      throw new HttpProblem('READ_MODEL_BEHIND', 'It has not seen that version yet: please ask again.')
    }
  }
  const { asOf, ...freshness } = await freshnessOf(db, projection)
  return { ...(await read()), asOf: asOf.toISOString(), ...freshness }
}

function viewSummary({ reasonCode, reasonStep, steps, ...summary }: OrderSummary) {
  const named = (isOne: (fold: OrderSummary['steps'][number]) => boolean) =>
    steps.filter(isOne).map(({ step }) => step)
  return {
    ...summary,
    reason: reasonCode === null ? null : { code: reasonCode, step: reasonStep },
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

function viewOverview({ orders, oldestOpen }: Overview) {
  const currencies = [...new Set(orders.map(({ currency }) => currency))]
  const sum = (rows: typeof orders, figure: 'count' | 'atRisk' | 'atRiskMinor') =>
    rows.reduce((total, row) => total + row[figure], 0)
  return {
    orders: Object.fromEntries(
      SAGA_STATUSES.map((status) => [
        status,
        sum(
          orders.filter((row) => row.status === status),
          'count',
        ),
      ]),
    ),
    atRisk: currencies.map((currency) => {
      const rows = orders.filter((row) => row.currency === currency)
      return { currency, amountMinor: sum(rows, 'atRiskMinor'), orders: sum(rows, 'atRisk') }
    }),
    oldestOpen:
      oldestOpen === undefined ? null : { ...oldestOpen, placedAt: oldestOpen.placedAt.toISOString() },
  }
}

function viewProjection({ asOf, rebuild, ...status }: ProjectionStatus) {
  return {
    ...status,
    asOf: asOf.toISOString(),
    rebuild: {
      ...rebuild,
      startedAt: rebuild.startedAt?.toISOString() ?? null,
      finishedAt: rebuild.finishedAt?.toISOString() ?? null,
    },
  }
}
