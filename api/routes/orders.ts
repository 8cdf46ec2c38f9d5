import { Router, type Request } from 'express'
import type { Client } from '@temporalio/client'
import { WorkflowNotFoundError } from '@temporalio/client'
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import type { createIntake } from '../../domain/order/intake.ts'
import type { createOrderQueries, OrderRecord } from '../../domain/order/queries.ts'
import type { Journal } from '../../domain/saga/journal.ts'
import { isTerminal } from '../../domain/saga/status.ts'
import { ORDER_SAGA, orderWorkflowId } from '../../workflows/order/contract.ts'
import { boundInFlight } from '../back-pressure.ts'
import { callerOf, isUuid, jsonBody, parseBody, parseQuery, serve, toPage } from '../http.ts'
import type { OrderStarter } from '../order-starter.ts'
import { viewOrder, viewPlacedOrder, type TemporalPlace } from '../order-view.ts'
import { HttpProblem } from '../problem.ts'
import {
  cancelRequest,
  eventListQuery,
  idempotencyKey,
  orderListQuery,
  orderRequest,
} from '../schemas/orders.ts'
import { noQuery } from '../schemas/shared.ts'

/** A history is read from Temporal; a client is not kept waiting longer than this for it. */
const HISTORY_TIMEOUT_MS = 5000
const CLOSING_TIMEOUT_MS = 2000

export interface OrderRoutes {
  intake: ReturnType<typeof createIntake>
  queries: ReturnType<typeof createOrderQueries>
  journal: Journal
  starter: OrderStarter
  client: Client
  /** Orders taken in at once; the rest is refused before anything is looked at. */
  intakeMax: number
  /** For the links to the workflow. */
  temporal: TemporalPlace
}

export function createOrderRoutes(options: OrderRoutes): Router {
  const { intake, queries, journal, starter, client, temporal } = options
  const router = Router()

  const find = async (request: Request): Promise<OrderRecord> => {
    const id = String(request.params['id'])
    const record = isUuid(id) ? await queries.find(id.toLowerCase()) : null
    if (record === null) throw new HttpProblem('ORDER_NOT_FOUND', 'There is no order with this id.')
    return record
  }

  serve(router, '/orders', {
    get: async (request, response) => {
      const { limit, cursor, ...filter } = parseQuery(orderListQuery, request.query)
      const records = await queries.list(filter, { limit, after: cursor })
      response.json(
        toPage(
          records,
          limit,
          ({ id }) => id,
          (record) => viewOrder(record, temporal),
        ),
      )
    },
    post: [
      boundInFlight(options.intakeMax),
      jsonBody({ required: true }),
      async (request, response) => {
        const key = readIdempotencyKey(request)
        const body = parseBody(orderRequest, request.body, 'INVALID_ORDER')
        const { order, isReplay } = await intake.place(callerOf(request), key, body)
        if (isReplay) response.set('idempotent-replayed', 'true')
        else starter.start({ ...order, definition: ORDER_SAGA.definition })
        response.status(202).location(`/orders/${order.id}`).json(viewPlacedOrder(order, temporal))
      },
    ],
  })

  serve(router, '/orders/:id', {
    get: async (request, response) => {
      parseQuery(noQuery, request.query)
      response.json(viewOrder(await find(request), temporal))
    },
  })

  serve(router, '/orders/:id/events', {
    get: async (request, response) => {
      const { asOfVersion } = parseQuery(eventListQuery, request.query)
      const { id } = await find(request)
      const events = await queries.events(orderWorkflowId(id), asOfVersion)
      response.json({
        data: events.map(({ version, type, data, recordedAt }) => ({
          version,
          type,
          data,
          recordedAt: recordedAt.toISOString(),
        })),
      })
    },
  })

  serve(router, '/orders/:id/history', {
    get: async (request, response) => {
      const { id, saga } = await find(request)
      const workflow = client.workflow.getHandle(orderWorkflowId(id))
      const within = <T>(timeoutMs: number, call: () => Promise<T>) =>
        client.withDeadline(Date.now() + timeoutMs, call)
      // The row is a moment ahead of the workflow that wrote it: an order that has ended is given time to close.
      if (isTerminal(saga.status))
        await within(CLOSING_TIMEOUT_MS, () => workflow.result()).catch(() => undefined)
      const history = await within(HISTORY_TIMEOUT_MS, () => workflow.fetchHistory()).catch(
        (error: unknown) => {
          // Accepted, and not yet started.
          if (error instanceof WorkflowNotFoundError) return { events: [] }
          throw error
        },
      )
      response.type('application/json').send(historyToJSON(history))
    },
  })

  serve(router, '/orders/:id/cancel', {
    post: [
      jsonBody({ required: false }),
      async (request, response) => {
        const { reason } = parseBody(cancelRequest, request.body, 'INVALID_REQUEST')
        const { id } = await find(request)
        const verdict = await journal.cancel(id, reason)
        if (verdict === 'too_late') {
          throw new HttpProblem('ORDER_NOT_CANCELLABLE', 'The order is completed or rejected.')
        }
        starter.wake(id)
        response.status(verdict === 'cancelled' ? 200 : 202).json(viewOrder(await find(request), temporal))
      },
    ],
  })

  return router
}

function readIdempotencyKey(request: Request): string {
  const header = request.get('idempotency-key')
  if (header === undefined || header === '') {
    throw new HttpProblem(
      'IDEMPOTENCY_KEY_MISSING',
      'Send one header Idempotency-Key per order; repeat it when you repeat the request.',
    )
  }
  const parsed = idempotencyKey.safeParse(header)
  if (!parsed.success)
    throw new HttpProblem('IDEMPOTENCY_KEY_INVALID', 'A key is 1 to 255 visible ASCII characters.')
  return parsed.data
}
