import type { Client } from '@temporalio/client'
import { isGrpcServiceError } from '@temporalio/client'
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import { sagaStream } from '../../domain/saga/ids.ts'
import { ORDER } from '../../domain/order/evolve.ts'
import type { createIntake } from '../../domain/order/intake.ts'
import type { OrderQueries, OrderRecord } from '../../domain/order/queries.ts'
import type { Journal } from '../../domain/saga/journal.ts'
import { isTerminal } from '../../domain/saga/status.ts'
import type { Aggregates } from '../../events/store/aggregate.ts'
import type { EventStore } from '../../events/store/store.ts'
import type { SagaStarter } from '../../dispatch/starter.ts'
import { createBound } from '../back-pressure.ts'
import { keyScopeOf, ownerActedFor, ownerSeenBy, type Principal } from '../identity/principal.ts'
import type { Contracts } from '../contracts.ts'
import { endpoint, reply, type Endpoint } from '../endpoint.ts'
import { asOfQuery, page, toPage, uuidInPath } from '../parts.ts'
import { HttpProblem } from '../problem.ts'
import { z } from '../zod.ts'
import { eventList, readEvents, sagaEventsQuery } from './events.ts'
import { IDEMPOTENCY, PLACED_HEADERS, placedHeaders } from './idempotency.ts'
import { orderListQuery } from './order-filter.ts'
import { order, orderRequest, viewOrder, viewPastOrder, viewPlacedOrder } from './order.ts'
import { cancelRequest, type TemporalPlace } from './saga.ts'

/** The client does not turn this one into an error of its own when a history is fetched. */
const GRPC_NOT_FOUND: ReadonlySet<number> = new Set([5])

/** A history is read from Temporal; a client is not kept waiting longer than this for it. */
const HISTORY_TIMEOUT_MS = 5000
const CLOSING_TIMEOUT_MS = 2000

const history = z
  .object({ events: z.array(z.record(z.string(), z.unknown())) })
  .openapi('WorkflowHistory', { description: 'proto3 JSON, as the Temporal CLI and SDKs replay it.' })

export interface OrderResources {
  contracts: Contracts
  intake: ReturnType<typeof createIntake>
  queries: OrderQueries
  store: EventStore
  aggregates: Aggregates
  journal: Journal
  starter: SagaStarter
  client: Client
  /** Orders taken in at once; the rest is refused. */
  intakeMax: number
  /** For the links to the workflow. */
  temporal: TemporalPlace
}

const AN_ORDER = { params: uuidInPath, absent: 'ORDER_NOT_FOUND' } as const

/** The order of a path, of this owner if of any. @throws HttpProblem (404) when there is none. */
async function findOrder(queries: OrderQueries, id: string, owner: string | undefined): Promise<OrderRecord> {
  const found = await queries.find(id, owner)
  if (found === null) throw new HttpProblem('ORDER_NOT_FOUND')
  return found
}

/** Placing an order, and everything that is asked about one. */
export function orderEndpoints({
  intake,
  queries,
  store,
  aggregates,
  journal,
  starter,
  client,
  temporal,
  intakeMax,
  contracts: { order: contract },
}: OrderResources): Endpoint[] {
  return [
    endpoint({
      method: 'post',
      path: '/orders',
      summary: 'Place an order',
      headers: IDEMPOTENCY,
      body: orderRequest,
      invalid: 'INVALID_ORDER',
      bound: createBound(intakeMax),
      answers: {
        202: {
          description: 'Accepted: it will end completed, rejected or cancelled.',
          schema: order,
          headers: PLACED_HEADERS,
        },
      },
      problems: [
        'IDEMPOTENCY_KEY_IN_USE',
        'IDEMPOTENCY_KEY_REUSED',
        'UNKNOWN_SKU',
        'INACTIVE_SKU',
        'TOTAL_MISMATCH',
        'INTAKE_PAUSED',
      ],
      async handle({ body: wish, sent, headers, principal }) {
        const body = { ...wish, customerId: customerOf(wish.customerId, principal) }
        const placed = await intake.place(keyScopeOf(principal), headers['Idempotency-Key'], body, sent)
        if (!placed.isReplay && placed.order.coordination === 'orchestration') starter.start(placed.order)
        return reply(
          202,
          viewPlacedOrder(contract, placed.order, temporal),
          placedHeaders('orders', placed.order.id, placed.isReplay),
        )
      },
    }),
    endpoint({
      method: 'get',
      path: '/orders',
      summary: 'List orders, newest first',
      query: orderListQuery(contract),
      answers: { 200: { description: 'A page of orders.', schema: page(order).openapi('OrderList') } },
      async handle({ query: { limit, cursor, ...filter }, principal }) {
        const records = await queries.list(filter, { limit, after: cursor }, ownerSeenBy(principal))
        const view = (record: OrderRecord) => viewOrder(contract, record, temporal)
        return reply(
          200,
          toPage(records, limit, ({ id }) => id, view),
        )
      },
    }),
    endpoint({
      method: 'get',
      path: '/orders/{id}',
      summary: 'An order and its steps, now or as it was',
      ...AN_ORDER,
      query: z.strictObject(asOfQuery),
      answers: { 200: { description: 'The order.', schema: order } },
      async handle({ params, query: { asOfVersion: version, asOf: time }, principal }) {
        const record = await findOrder(queries, params.id, ownerSeenBy(principal))
        if (version === undefined && time === undefined)
          return reply(200, viewOrder(contract, record, temporal))
        const past = await aggregates.load(ORDER, sagaStream(contract.kind, record.id), { version, time })
        if (past.version === 0) throw new HttpProblem('ORDER_NOT_FOUND', 'The order did not exist then.')
        return reply(200, viewPastOrder(contract, record, past, temporal))
      },
    }),
    endpoint({
      method: 'get',
      path: '/orders/{id}/events',
      summary: 'What happened to an order',
      ...AN_ORDER,
      query: sagaEventsQuery,
      answers: { 200: { description: 'Its events, from version 1 without gaps.', schema: eventList } },
      async handle({ params, query: { asOfVersion, ...window }, principal }) {
        const { id } = await findOrder(queries, params.id, ownerSeenBy(principal))
        const stream = sagaStream(contract.kind, id)
        return reply(200, await readEvents(store, stream, { version: asOfVersion, ...window }))
      },
    }),
    endpoint({
      method: 'get',
      path: '/orders/{id}/history',
      summary: 'The workflow’s history, ready to replay',
      ...AN_ORDER,
      answers: { 200: { description: 'What there is so far.', schema: history } },
      problems: ['HISTORY_NOT_KEPT'],
      async handle({ params, principal }) {
        const { id, saga } = await findOrder(queries, params.id, ownerSeenBy(principal))
        if (saga.coordination === 'choreography')
          throw new HttpProblem('HISTORY_NOT_KEPT', 'A choreographed order has no workflow.')
        return reply(200, await readHistory(client, contract.workflowId(id), saga))
      },
    }),
    endpoint({
      method: 'post',
      path: '/orders/{id}/cancel',
      summary: 'Cancel an order',
      ...AN_ORDER,
      body: cancelRequest,
      isBodyOptional: true,
      answers: {
        200: { description: 'It was cancelled already.', schema: order },
        202: {
          description: 'The wish is recorded: unless it is already compensating, it will end cancelled.',
          schema: order,
        },
      },
      problems: ['ORDER_NOT_CANCELLABLE'],
      async handle({ params, body: { reason }, principal }) {
        const { id } = await findOrder(queries, params.id, ownerActedFor(principal))
        const verdict = await journal.cancel(id, principal.subject, reason)
        if (verdict === 'too_late')
          throw new HttpProblem('ORDER_NOT_CANCELLABLE', 'The order is completed or rejected.')
        starter.wake()
        const body = viewOrder(contract, await findOrder(queries, id, ownerActedFor(principal)), temporal)
        return reply(verdict === 'cancelled' ? 200 : 202, body)
      },
    }),
  ]
}

/**
 * Whom an order is for: a customer's own is theirs, whether they say so or not.
 * @throws HttpProblem: 403 for a customer that orders for another, 422 when nobody is named.
 */
function customerOf(named: string | undefined, principal: Principal): string {
  const own = ownerActedFor(principal)
  if (own !== undefined && named !== undefined && named !== own)
    throw new HttpProblem('FORBIDDEN', 'A customer places orders of its own.')
  const customer = named ?? principal.customerId
  if (customer === undefined)
    throw new HttpProblem('INVALID_ORDER', 'See `errors`.', [
      { pointer: '/customerId', detail: 'Whom the order is for.' },
    ])
  return customer
}

/**
 * What Temporal has of a workflow. One that is accepted and not yet started has no events.
 * @throws HttpProblem (404) once Temporal keeps the history no longer.
 */
async function readHistory(
  client: Client,
  workflowId: string,
  saga: { status: string },
): Promise<z.input<typeof history>> {
  const workflow = client.workflow.getHandle(workflowId)
  const within = <T>(timeoutMs: number, call: () => Promise<T>) =>
    client.withDeadline(Date.now() + timeoutMs, call)
  // The row is a moment ahead of the workflow that wrote it: an order that has ended is given time to close.
  if (isTerminal(saga.status))
    await within(CLOSING_TIMEOUT_MS, () => workflow.result()).catch(() => undefined)
  const found = await within(HISTORY_TIMEOUT_MS, () => workflow.fetchHistory()).catch((error: unknown) => {
    if (isGrpcServiceError(error) && GRPC_NOT_FOUND.has(error.code)) return undefined
    throw error
  })
  if (found !== undefined) return JSON.parse(historyToJSON(found)) as z.input<typeof history>
  if (isTerminal(saga.status)) throw new HttpProblem('HISTORY_NOT_KEPT')
  return { events: [] }
}
