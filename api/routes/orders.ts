import { Router, type Request } from 'express'
import type { Client } from '@temporalio/client'
import { isGrpcServiceError } from '@temporalio/client'
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import { sagaStream } from '../../domain/saga/ids.ts'
import { ORDER } from '../../domain/order/evolve.ts'
import type { createIntake } from '../../domain/order/intake.ts'
import type { createOrderQueries } from '../../domain/order/queries.ts'
import type { Journal } from '../../domain/saga/journal.ts'
import { isTerminal } from '../../domain/saga/status.ts'
import type { Aggregates } from '../../events/store/aggregate.ts'
import type { EventStore } from '../../events/store/store.ts'
import type { Contracts } from '../contracts.ts'
import { boundInFlight } from '../back-pressure.ts'
import { callerOf, jsonBody, parseBody, parseQuery, readIdempotencyKey, serve, toPage } from '../http.ts'
import { viewEvent } from '../event-view.ts'
import { findOrder } from '../find-order.ts'
import type { SagaStarter } from '../../dispatch/starter.ts'
import { viewOrder, viewPastOrder, viewPlacedOrder } from '../order-view.ts'
import { HttpProblem } from '../problem.ts'
import type { TemporalPlace } from '../saga-view.ts'
import { cancelRequest, eventListQuery, orderListQuery, orderQuery, orderRequest } from '../schemas/orders.ts'

/** The client does not turn this one into an error of its own when a history is fetched. */
const GRPC_NOT_FOUND: ReadonlySet<number> = new Set([5])

const NO_HISTORY = JSON.stringify({ events: [] })

/** A history is read from Temporal; a client is not kept waiting longer than this for it. */
const HISTORY_TIMEOUT_MS = 5000
const CLOSING_TIMEOUT_MS = 2000

export interface OrderRoutes {
  contracts: Contracts
  intake: ReturnType<typeof createIntake>
  queries: ReturnType<typeof createOrderQueries>
  store: EventStore
  aggregates: Aggregates
  journal: Journal
  starter: SagaStarter
  client: Client
  /** Orders taken in at once; the rest is refused before anything is looked at. */
  intakeMax: number
  /** For the links to the workflow. */
  temporal: TemporalPlace
}

export function createOrderRoutes(options: OrderRoutes): Router {
  const { intake, queries, store, aggregates, journal, starter, client, temporal } = options
  const { order: contract } = options.contracts
  const router = Router()

  const find = (request: Request) => findOrder(queries, request)

  serve(router, '/orders', {
    get: async (request, response) => {
      const { limit, cursor, ...filter } = parseQuery(orderListQuery, request.query)
      const records = await queries.list(filter, { limit, after: cursor })
      response.json(
        toPage(
          records,
          limit,
          ({ id }) => id,
          (record) => viewOrder(contract, record, temporal),
        ),
      )
    },
    post: [
      boundInFlight(options.intakeMax),
      jsonBody({ required: true }),
      async (request, response) => {
        const key = readIdempotencyKey(request)
        const body = parseBody(orderRequest, request.body, 'INVALID_ORDER')
        const { order, isReplay } = await intake.place(callerOf(request), key, body, request.body)
        if (isReplay) response.set('idempotent-replayed', 'true')
        else starter.start(order)
        response
          .status(202)
          .location(`/orders/${order.id}`)
          .json(viewPlacedOrder(contract, order, temporal))
      },
    ],
  })

  serve(router, '/orders/:id', {
    get: async (request, response) => {
      const { asOfVersion: version, asOf: time } = parseQuery(orderQuery, request.query)
      const record = await find(request)
      if (version === undefined && time === undefined) {
        response.json(viewOrder(contract, record, temporal))
        return
      }
      const past = await aggregates.load(ORDER, sagaStream(contract.kind, record.id), { version, time })
      if (past.version === 0) throw new HttpProblem('ORDER_NOT_FOUND', 'The order did not exist then.')
      response.json(viewPastOrder(contract, record, past, temporal))
    },
  })

  serve(router, '/orders/:id/events', {
    get: async (request, response) => {
      const { asOfVersion: version } = parseQuery(eventListQuery, request.query)
      const { id } = await find(request)
      const events = await store.load(sagaStream(contract.kind, id), version)
      response.json({ data: events.map(viewEvent) })
    },
  })

  serve(router, '/orders/:id/history', {
    get: async (request, response) => {
      const { id, saga } = await find(request)
      const workflow = client.workflow.getHandle(contract.workflowId(id))
      const within = <T>(timeoutMs: number, call: () => Promise<T>) =>
        client.withDeadline(Date.now() + timeoutMs, call)
      // The row is a moment ahead of the workflow that wrote it: an order that has ended is given time to close.
      if (isTerminal(saga.status))
        await within(CLOSING_TIMEOUT_MS, () => workflow.result()).catch(() => undefined)
      const history = await within(HISTORY_TIMEOUT_MS, () => workflow.fetchHistory()).catch(
        (error: unknown) => {
          // Accepted, and not yet started.
          if (isGrpcServiceError(error) && GRPC_NOT_FOUND.has(error.code)) return undefined
          throw error
        },
      )
      response.type('application/json').send(history === undefined ? NO_HISTORY : historyToJSON(history))
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
        starter.wake()
        response
          .status(verdict === 'cancelled' ? 200 : 202)
          .json(viewOrder(contract, await find(request), temporal))
      },
    ],
  })

  return router
}
