import { Router, type Request, type Response } from 'express'
import type { z } from 'zod'
import type { createDependencies } from '../../domain/operations/dependencies.ts'
import type { createInvariants } from '../../domain/operations/invariants.ts'
import type { createMaintenance } from '../../domain/operations/maintenance.ts'
import { parkedKey, type createParking, type ParkedStep } from '../../domain/operations/parking.ts'
import type { createRetryBatches, RetryBatchProgress } from '../../domain/operations/retry-batches.ts'
import type { Operator } from '../../events/store/operator.ts'
import type { StepOutline } from '../../workflows/saga/contract.ts'
import { outlinesOf, type Contracts } from '../contracts.ts'
import { callerOf, isUuid, jsonBody, parseBody, parseQuery, serve, toPage } from '../http.ts'
import type { SagaStarter } from '../../dispatch/starter.ts'
import { HttpProblem, type ProblemCode } from '../problem.ts'
import {
  maintenanceRequest,
  parkedListQuery,
  retryBatchRequest,
  retryRequest,
  skipRequest,
} from '../schemas/operations.ts'
import { noQuery } from '../schemas/shared.ts'

export interface OperationRoutes {
  contracts: Contracts
  parking: ReturnType<typeof createParking>
  retryBatches: ReturnType<typeof createRetryBatches>
  dependencies: ReturnType<typeof createDependencies>
  invariants: ReturnType<typeof createInvariants>
  maintenance: ReturnType<typeof createMaintenance>
  starter: SagaStarter
}

type Verdict = 'accepted' | 'in_progress' | 'not_parked' | 'not_skippable' | 'unknown'

/** What operators look at and do. Like orders, it is read from the written tables. */
export function createOperationRoutes({
  contracts,
  parking,
  retryBatches,
  dependencies,
  invariants,
  maintenance,
  starter,
}: OperationRoutes): Router {
  const router = Router()
  const steps = outlinesOf(contracts)

  serve(router, '/operations/parked', {
    get: async (request, response) => {
      const { limit, cursor, ...filter } = parseQuery(parkedListQuery, request.query)
      const parked = await parking.list(filter, { limit, after: cursor })
      response.json(toPage(parked, limit, parkedKey, viewParked))
    },
  })

  for (const { path, contract, notFound, notParked } of sagasOf(contracts)) {
    const find = async (request: Request): Promise<{ id: string; definition: string }> => {
      const id = String(request.params['id']).toLowerCase()
      const definition = isUuid(id) ? await parking.definitionOf(contract.kind, id) : undefined
      if (definition !== undefined) return { id, definition }
      throw new HttpProblem(notFound, `There is no ${contract.kind} with this id.`)
    }
    const act = (
      schema: typeof retryRequest | typeof skipRequest,
      call: (id: string, step: string | undefined, operator: Operator) => Promise<Verdict>,
    ) => [
      jsonBody({ required: true }),
      async (request: Request, response: Response) => {
        const body = parseBody<z.infer<typeof retryRequest>>(schema, request.body, 'INVALID_REQUEST')
        const { id, definition } = await find(request)
        requireKnownStep(body.step, contract.steps.get(definition))
        const verdict = await call(id, body.step, { actor: callerOf(request), reason: body.reason })
        answerVerdict(verdict, notParked)
        starter.wake()
        response.status(202).json({ status: 'accepted' })
      },
    ]
    serve(router, `/operations/${path}/:id/retry`, {
      post: act(retryRequest, (id, step, operator) => parking.retry(id, step, operator)),
    })
    serve(router, `/operations/${path}/:id/skip`, {
      post: act(skipRequest, (id, step, operator) => parking.skip(id, String(step), operator)),
    })
  }

  serve(router, '/operations/parked/retry', {
    post: [
      jsonBody({ required: true }),
      async (request, response) => {
        const { filter, rampPercent, reason } = parseBody(retryBatchRequest, request.body, 'INVALID_REQUEST')
        requireKnownStep(filter.step, steps, '/filter/step')
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
      response.json({ data: await dependencies.list() })
    },
  })

  serve(router, '/operations/maintenance', {
    get: async (request, response) => {
      parseQuery(noQuery, request.query)
      response.json(await maintenance.read())
    },
    put: [
      jsonBody({ required: true }),
      async (request, response) => {
        const { reason, ...change } = parseBody(maintenanceRequest, request.body, 'INVALID_REQUEST')
        change.pausedSteps?.forEach((step, index) => requireKnownStep(step, steps, `/pausedSteps/${index}`))
        response.json(await maintenance.change(change, { actor: callerOf(request), reason }))
      },
    ],
  })

  serve(router, '/operations/invariants', {
    get: async (request, response) => {
      parseQuery(noQuery, request.query)
      response.json(await invariants.check())
    },
  })

  return router
}

/** The sagas whose parked steps operators bring home, and where. */
const sagasOf = ({ order, transfer }: Contracts) =>
  [
    { path: 'orders', contract: order, notFound: 'ORDER_NOT_FOUND', notParked: 'ORDER_NOT_PARKED' },
    {
      path: 'transfers',
      contract: transfer,
      notFound: 'TRANSFER_NOT_FOUND',
      notParked: 'TRANSFER_NOT_PARKED',
    },
  ] as const

/** @param steps undefined when the saga's definition is not known here: its row is then the only judge. */
function requireKnownStep(
  step: string | undefined,
  steps: readonly StepOutline[] | undefined,
  pointer = '/step',
): void {
  if (step === undefined || steps === undefined || steps.some(({ name }) => name === step)) return
  const names = new Set(steps.map(({ name }) => name))
  throw new HttpProblem('UNKNOWN_STEP', 'No step has this name.', [
    { pointer, detail: `One of ${[...names].join(', ')}.` },
  ])
}

function answerVerdict(verdict: Verdict, notParked: ProblemCode): void {
  switch (verdict) {
    case 'accepted':
      return
    case 'unknown':
      throw new Error('A saga that was there is gone')
    case 'not_parked':
      throw new HttpProblem(notParked, 'Nothing of it is parked, or not this step.')
    case 'in_progress':
      throw new HttpProblem(
        'COMPENSATION_IN_PROGRESS',
        'An attempt at this compensation is under way, and may succeed. Ask again in ten seconds.',
      )
    case 'not_skippable':
      throw new HttpProblem(
        'STEP_NOT_SKIPPABLE',
        'Without this step it has no end: it can only be tried again.',
      )
  }
}

function viewParked({ kind, id, since, ...parked }: ParkedStep) {
  const whose = kind === 'order' ? { orderId: id } : { transferId: id }
  return { kind, ...whose, ...parked, since: since.toISOString() }
}

function viewBatch({ createdAt, updatedAt, ...batch }: RetryBatchProgress) {
  return { ...batch, createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() }
}
