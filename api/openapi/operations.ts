import type { OpenAPIRegistry } from '@asteasolutions/zod-to-openapi'
import {
  dependencies,
  invariants,
  maintenance,
  maintenanceRequest,
  parkedList,
  parkedListQuery,
  retryBatch,
  retryBatchRequest,
  retryRequest,
  skipRequest,
} from '../schemas/operations.ts'
import { z } from '../schemas/shared.ts'
import { BAD_BODY, json, ok, problems, sagaId, UNAVAILABLE } from './parts.ts'

/** What operators look at and do. */
export function registerOperations(registry: OpenAPIRegistry): void {
  registry.registerPath({
    method: 'get',
    path: '/operations/parked',
    summary: 'Steps that no machine could settle',
    request: { query: parkedListQuery },
    responses: {
      200: ok('Longest parked first.', parkedList),
      ...problems({ 400: 'INVALID_PARAMETER', ...UNAVAILABLE }),
    },
  })
  const actions = [
    ['retry', 'Try a parked step again', retryRequest, 'INVALID_REQUEST, UNKNOWN_STEP'],
    ['skip', 'Give a parked step up', skipRequest, 'INVALID_REQUEST, UNKNOWN_STEP, STEP_NOT_SKIPPABLE'],
  ] as const
  for (const [action, summary, schema, codes] of actions) {
    for (const [sagas, notFound, notParked] of [
      ['orders', 'ORDER_NOT_FOUND', 'ORDER_NOT_PARKED'],
      ['transfers', 'TRANSFER_NOT_FOUND', 'TRANSFER_NOT_PARKED'],
    ] as const) {
      registry.registerPath({
        method: 'post',
        path: `/operations/${sagas}/{id}/${action}`,
        summary: `${summary}, of one of the ${sagas}`,
        request: { params: sagaId, body: { required: true, ...json(schema) } },
        responses: {
          202: ok('Accepted, and recorded with its reason.', z.object({ status: z.literal('accepted') })),
          ...problems({
            ...BAD_BODY,
            404: notFound,
            409: action === 'skip' ? `${notParked}, COMPENSATION_IN_PROGRESS` : notParked,
            422: codes,
            ...UNAVAILABLE,
          }),
        },
      })
    }
  }
  registry.registerPath({
    method: 'post',
    path: '/operations/parked/retry',
    summary: 'Try many parked steps again, wave by wave',
    request: { body: { required: true, ...json(retryBatchRequest) } },
    responses: {
      202: { ...ok('Under way.', retryBatch), headers: z.object({ Location: z.string() }) },
      ...problems({ ...BAD_BODY, 422: 'INVALID_REQUEST, UNKNOWN_STEP', ...UNAVAILABLE }),
    },
  })
  registry.registerPath({
    method: 'get',
    path: '/operations/retries/{id}',
    summary: 'How far such a retry is',
    request: { params: z.object({ id: z.uuid() }) },
    responses: {
      200: ok('Its progress.', retryBatch),
      ...problems({ 404: 'RETRY_NOT_FOUND', ...UNAVAILABLE }),
    },
  })
  registry.registerPath({
    method: 'get',
    path: '/operations/dependencies',
    summary: 'The providers, as the workers see them',
    responses: { 200: ok('Breakers, bulkheads, and who waits.', dependencies), ...problems(UNAVAILABLE) },
  })
  registry.registerPath({
    method: 'get',
    path: '/operations/maintenance',
    summary: 'What is held up by operators',
    responses: { 200: ok('All of it.', maintenance), ...problems(UNAVAILABLE) },
  })
  registry.registerPath({
    method: 'put',
    path: '/operations/maintenance',
    summary: 'Pause the intake or steps, hold breakers open, or give them back',
    request: { body: { required: true, ...json(maintenanceRequest) } },
    responses: {
      200: ok('In effect everywhere, and recorded with its reason: all of it as it is now.', maintenance),
      ...problems({ ...BAD_BODY, 422: 'INVALID_REQUEST, UNKNOWN_STEP', ...UNAVAILABLE }),
    },
  })
  registry.registerPath({
    method: 'get',
    path: '/operations/invariants',
    summary: 'Is everything true that must be?',
    responses: {
      200: ok('Each check, over the tables and the providers’ ledgers.', invariants),
      ...problems(UNAVAILABLE),
    },
  })
}
