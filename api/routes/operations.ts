import { Router, type Request } from 'express'
import type { createDependencies } from '../../domain/operations/dependencies.ts'
import type { createInvariants } from '../../domain/operations/invariants.ts'
import { parkedKey, type createParking, type ParkedStep } from '../../domain/operations/parking.ts'
import type { createRetryBatches, RetryBatchProgress } from '../../domain/operations/retry-batches.ts'
import { ORDER_SAGA } from '../../workflows/order/contract.ts'
import { callerOf, isUuid, jsonBody, parseBody, parseQuery, serve, toPage } from '../http.ts'
import type { SagaStarter } from '../saga-starter.ts'
import { HttpProblem } from '../problem.ts'
import { parkedListQuery, retryBatchRequest, retryRequest, skipRequest } from '../schemas/operations.ts'
import { noQuery } from '../schemas/shared.ts'

export interface OperationRoutes {
  parking: ReturnType<typeof createParking>
  retryBatches: ReturnType<typeof createRetryBatches>
  dependencies: ReturnType<typeof createDependencies>
  invariants: ReturnType<typeof createInvariants>
  starter: SagaStarter
}

/** The steps of each provider, by the participant's name. */
const PROVIDER_STEPS = new Map(
  ['payment', 'shipping'].map((provider) => [
    provider,
    ORDER_SAGA.steps.filter(({ at }) => at === provider).map(({ name }) => name),
  ]),
)

/** What operators look at and do. Like orders, it is read from the written tables. */
export function createOperationRoutes({
  parking,
  retryBatches,
  dependencies,
  invariants,
  starter,
}: OperationRoutes): Router {
  const router = Router()

  serve(router, '/operations/parked', {
    get: async (request, response) => {
      const { limit, cursor, ...filter } = parseQuery(parkedListQuery, request.query)
      const parked = await parking.list(filter, { limit, after: cursor })
      response.json(toPage(parked, limit, parkedKey, viewParked))
    },
  })

  serve(router, '/operations/orders/:id/retry', {
    post: [
      jsonBody({ required: true }),
      async (request, response) => {
        const { step, reason } = parseBody(retryRequest, request.body, 'INVALID_REQUEST')
        const id = orderIdOf(request)
        requireKnownStep(step)
        answerVerdict(await parking.retry(id, step, { actor: callerOf(request), reason }))
        starter.wake(id)
        response.status(202).json({ status: 'accepted' })
      },
    ],
  })

  serve(router, '/operations/orders/:id/skip', {
    post: [
      jsonBody({ required: true }),
      async (request, response) => {
        const { step, reason } = parseBody(skipRequest, request.body, 'INVALID_REQUEST')
        const id = orderIdOf(request)
        requireKnownStep(step)
        answerVerdict(await parking.skip(id, step, { actor: callerOf(request), reason }))
        starter.wake(id)
        response.status(202).json({ status: 'accepted' })
      },
    ],
  })

  serve(router, '/operations/parked/retry', {
    post: [
      jsonBody({ required: true }),
      async (request, response) => {
        const { filter, rampPercent, reason } = parseBody(retryBatchRequest, request.body, 'INVALID_REQUEST')
        requireKnownStep(filter.step)
        const batch = await retryBatches.create(filter, rampPercent, { actor: callerOf(request), reason })
        response.status(202).location(`/operations/retries/${batch.id}`).json(viewBatch(batch))
      },
    ],
  })

  serve(router, '/operations/retries/:id', {
    get: async (request, response) => {
      parseQuery(noQuery, request.query)
      const id = String(request.params['id'])
      const batch = isUuid(id) ? await retryBatches.find(id) : undefined
      if (batch === undefined)
        throw new HttpProblem('RETRY_NOT_FOUND', 'There is no retry operation with this id.')
      response.json(viewBatch(batch))
    },
  })

  serve(router, '/operations/dependencies', {
    get: async (request, response) => {
      parseQuery(noQuery, request.query)
      response.json({ data: await dependencies.list(PROVIDER_STEPS) })
    },
  })

  serve(router, '/operations/invariants', {
    get: async (request, response) => {
      parseQuery(noQuery, request.query)
      response.json(await invariants.check())
    },
  })

  return router
}

function orderIdOf(request: Request): string {
  const id = String(request.params['id'])
  if (!isUuid(id)) throw new HttpProblem('ORDER_NOT_FOUND', 'There is no order with this id.')
  return id.toLowerCase()
}

function requireKnownStep(step: string | undefined): void {
  if (step === undefined || ORDER_SAGA.steps.some(({ name }) => name === step)) return
  throw new HttpProblem('UNKNOWN_STEP', 'No step of an order has this name.', [
    { pointer: '/step', detail: `One of ${ORDER_SAGA.steps.map(({ name }) => name).join(', ')}.` },
  ])
}

function answerVerdict(verdict: 'accepted' | 'not_parked' | 'not_skippable' | 'unknown'): void {
  switch (verdict) {
    case 'accepted':
      return
    case 'unknown':
      throw new HttpProblem('ORDER_NOT_FOUND', 'There is no order with this id.')
    case 'not_parked':
      throw new HttpProblem('ORDER_NOT_PARKED', 'Nothing of this order is parked, or not this step.')
    case 'not_skippable':
      throw new HttpProblem(
        'STEP_NOT_SKIPPABLE',
        'Without this step the order has no end: it can only be tried again.',
      )
  }
}

function viewParked({ orderId, step, errorClass, attempts, since, amountMinor }: ParkedStep) {
  return { orderId, step, errorClass, attempts, since: since.toISOString(), amountMinor }
}

function viewBatch({ createdAt, updatedAt, ...batch }: RetryBatchProgress) {
  return { ...batch, createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() }
}
