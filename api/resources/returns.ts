import { toMinor } from '../../domain/money.ts'
import type { OrderQueries } from '../../domain/order/queries.ts'
import type { createReturnIntake } from '../../domain/return/intake.ts'
import type { Decision, ReturnMessages } from '../../domain/return/messages.ts'
import type { ReturnQueries, ReturnRecord } from '../../domain/return/queries.ts'
import { RETURN_STATUSES, type ReturnStatus } from '../../domain/return/status.ts'
import type { EventStore } from '../../events/store/store.ts'
import type { SagaContract } from '../../workflows/saga/contract.ts'
import type { SagaStarter } from '../../dispatch/starter.ts'
import { createBound } from '../back-pressure.ts'
import type { Contracts } from '../contracts.ts'
import { endpoint, reply, type Endpoint } from '../endpoint.ts'
import { keyScopeOf, ownerActedFor, ownerSeenBy } from '../identity/principal.ts'
import { amountMinor, oneLinePerSku, page, pageQuery, sku, time, toPage, uuidInPath } from '../parts.ts'
import { HttpProblem } from '../problem.ts'
import { prose, reason } from '../text.ts'
import { z } from '../zod.ts'
import { sagaEventsEndpoint } from './events.ts'
import { IDEMPOTENCY, PLACED_HEADERS, placedHeaders } from './idempotency.ts'
import { asPlaced, SAGA_FIELDS, snapshotOf, viewSaga, type SagaSnapshot, type TemporalPlace } from './saga.ts'

const LINES_MAX = 100

const returnRequest = z
  .strictObject({
    reason: prose(500).openapi({ description: 'In the customer’s own words.', example: 'It leaks.' }),
    lines: z
      .array(z.strictObject({ sku, quantity: z.int().min(1).max(1_000_000) }))
      .min(1)
      .max(LINES_MAX)
      .superRefine(oneLinePerSku)
      .optional()
      .openapi({ description: 'All that is left of the order, unless it is given.' }),
  })
  .openapi('ReturnRequest')

const decisionRequest = z.strictObject({ reason }).openapi('ReturnDecision')

const { definition, steps, version, createdAt, updatedAt, deadlineAt, workflow, traceId, traceUrl } =
  SAGA_FIELDS

export const returned = z
  .object({
    id: z.uuid(),
    orderId: z.uuid(),
    customerId: z.string(),
    status: z.enum(RETURN_STATUSES),
    lines: z.array(z.object({ sku: z.string(), quantity: z.int(), unitPriceMinor: amountMinor })),
    amountMinor,
    currency: z.string(),
    reason: z.string().nullable().openapi({ description: 'Null once it is erased.' }),
    decision: z
      .object({
        outcome: z.enum(['approved', 'refused']),
        by: z.enum(['rule', 'operator']).openapi({
          description: '`rule`: an amount of less than 2000 is approved without being looked at.',
        }),
        at: time,
      })
      .nullable(),
    parcelReceivedAt: time.nullable().openapi({
      description:
        'When the carrier’s word came. It may come before the decision, and when the return is over already.',
    }),
    definition,
    steps,
    version,
    createdAt,
    updatedAt,
    deadlineAt: deadlineAt.openapi({ description: 'Without decision or parcel it expires then.' }),
    workflow,
    traceId,
    traceUrl,
  })
  .openapi('Return')

const returnListQuery = z.strictObject({
  status: z.enum(RETURN_STATUSES).optional(),
  ...pageQuery({ cursor: z.uuid().optional() }),
})

/** As many as an order has items, but for those that were refused. */
const orderReturnsQuery = z.strictObject(pageQuery({ cursor: z.uuid().optional(), limit: 100 }))

export interface ReturnResources {
  contracts: Contracts
  queries: OrderQueries
  returnIntake: ReturnType<typeof createReturnIntake>
  returnMessages: ReturnMessages
  returnQueries: ReturnQueries
  store: EventStore
  starter: SagaStarter
  /** Returns taken in at once; the rest is refused. */
  intakeMax: number
  temporal: TemporalPlace
}

const A_RETURN = { params: uuidInPath, absent: 'RETURN_NOT_FOUND' } as const
const OF_AN_ORDER = { params: uuidInPath, absent: 'ORDER_NOT_FOUND' } as const

/** What comes back of completed orders: a process that waits for customers, operators and the carrier. */
export function returnEndpoints(services: ReturnResources): Endpoint[] {
  const { queries, returnIntake, returnQueries, store, starter, temporal, intakeMax, contracts } = services
  const contract = contracts.return
  const requireOrder = async (id: string, owner: string | undefined): Promise<void> => {
    if ((await queries.find(id, owner)) === null) throw new HttpProblem('ORDER_NOT_FOUND')
  }
  const find = async (id: string, owner?: string): Promise<ReturnRecord> => {
    const found = await returnQueries.find(id, owner)
    if (found === null) throw new HttpProblem('RETURN_NOT_FOUND')
    return found
  }
  const view = (record: ReturnRecord) => viewReturn(contract, record, temporal)
  return [
    endpoint({
      method: 'post',
      path: '/orders/{id}/returns',
      summary: 'Send back what a completed order brought, or some of it',
      ...OF_AN_ORDER,
      headers: IDEMPOTENCY,
      body: returnRequest,
      invalid: 'INVALID_RETURN',
      bound: createBound(intakeMax),
      answers: {
        202: {
          description: 'Accepted: it will end refunded, refused or expired.',
          schema: returned,
          headers: PLACED_HEADERS,
        },
      },
      problems: ['ORDER_NOT_RETURNABLE', 'IDEMPOTENCY_KEY_IN_USE', 'IDEMPOTENCY_KEY_REUSED', 'INTAKE_PAUSED'],
      async handle({ params: { id: orderId }, body, sent, headers, principal }) {
        await requireOrder(orderId, ownerActedFor(principal))
        const key = headers['Idempotency-Key']
        const { id, isReplay } = await returnIntake.request(keyScopeOf(principal), key, orderId, body, sent)
        const record = await find(id)
        if (!isReplay)
          starter.start({ id, definition: record.saga.definition, deadlineAt: record.saga.deadlineAt })
        return reply(202, viewRequested(contract, record, temporal), placedHeaders('returns', id, isReplay))
      },
    }),
    endpoint({
      method: 'get',
      path: '/orders/{id}/returns',
      summary: 'The returns of an order, oldest first',
      ...OF_AN_ORDER,
      query: orderReturnsQuery,
      answers: {
        200: { description: 'A page of them.', schema: page(returned).openapi('OrderReturns') },
      },
      async handle({ params: { id }, query: { limit, cursor }, principal }) {
        await requireOrder(id, ownerSeenBy(principal))
        const returns = await returnQueries.ofOrder(id, { limit, after: cursor })
        return reply(
          200,
          toPage(returns, limit, (each) => each.id, view),
        )
      },
    }),
    endpoint({
      method: 'get',
      path: '/returns/{id}',
      summary: 'A return and its steps',
      ...A_RETURN,
      answers: { 200: { description: 'The return.', schema: returned } },
      handle: async ({ params, principal }) =>
        reply(200, view(await find(params.id, ownerSeenBy(principal)))),
    }),
    sagaEventsEndpoint({
      sagas: '/returns',
      one: 'a return',
      absent: 'RETURN_NOT_FOUND',
      kind: contract.kind,
      store,
      find,
    }),
    endpoint({
      method: 'get',
      path: '/operations/returns',
      summary: 'List returns, newest first',
      query: returnListQuery,
      answers: { 200: { description: 'A page of them.', schema: page(returned).openapi('ReturnList') } },
      async handle({ query: { limit, cursor, status } }) {
        const returns = await returnQueries.list(status, { limit, after: cursor })
        return reply(
          200,
          toPage(returns, limit, ({ id }) => id, view),
        )
      },
    }),
    decisionEndpoint(services, 'approved', find),
    decisionEndpoint(services, 'refused', find),
  ]
}

function decisionEndpoint(
  { returnMessages, starter, contracts, temporal }: ReturnResources,
  decision: Decision,
  find: (id: string) => Promise<ReturnRecord>,
): Endpoint {
  return endpoint({
    method: 'post',
    path: `/operations/returns/{id}/${decision === 'approved' ? 'approve' : 'refuse'}`,
    summary: decision === 'approved' ? 'Approve a return' : 'Refuse a return',
    ...A_RETURN,
    body: decisionRequest,
    answers: {
      200: { description: 'It was decided so before.', schema: returned },
      202: { description: 'Decided.', schema: returned },
    },
    problems: ['RETURN_NOT_OPEN'],
    async handle({ params: { id }, body, principal }) {
      const { reason } = body
      const verdict = await returnMessages.decide(id, decision, { actor: principal.subject, reason })
      if (verdict === 'unknown') throw new HttpProblem('RETURN_NOT_FOUND')
      if (verdict === 'not_open')
        throw new HttpProblem('RETURN_NOT_OPEN', 'It was decided otherwise, or has expired.')
      starter.wake()
      return reply(verdict === 'same' ? 200 : 202, viewReturn(contracts.return, await find(id), temporal))
    },
  })
}

/** A return as it was when it was asked for: the first answer to its request, and every later one to the same request. */
function viewRequested(contract: SagaContract, record: ReturnRecord, temporal: TemporalPlace) {
  const isByRule = record.decidedBy === 'rule'
  const asked = {
    ...record,
    status: (isByRule ? 'approved' : 'requested') satisfies ReturnStatus,
    ...(isByRule ? {} : { decision: null, decidedBy: null, decidedAt: null }),
    parcelReceivedAt: null,
  }
  return viewReturn(contract, asked, temporal, { ...asPlaced(record.saga), version: isByRule ? 2 : 1 })
}

function viewReturn(
  contract: SagaContract,
  record: ReturnRecord,
  temporal: TemporalPlace,
  snapshot: SagaSnapshot = snapshotOf(record.saga),
) {
  const { id, orderId, reason, currency, decidedAt, parcelReceivedAt, lines } = record
  const { status: _, reason: _because, ...saga } = viewSaga(contract, snapshot, temporal)
  return {
    id,
    orderId,
    customerId: record.customerId,
    status: record.status as ReturnStatus,
    lines: lines.map((line) => ({
      sku: line.sku,
      quantity: line.quantity,
      unitPriceMinor: toMinor(line.unitPriceMinor),
    })),
    amountMinor: toMinor(record.amountMinor),
    currency,
    reason,
    // The database lets in no others.
    decision:
      decidedAt === null
        ? null
        : {
            outcome: record.decision as Decision,
            by: record.decidedBy as 'rule' | 'operator',
            at: decidedAt.toISOString(),
          },
    parcelReceivedAt: parcelReceivedAt?.toISOString() ?? null,
    ...saga,
  }
}
