import type { OpenAPIRegistry } from '@asteasolutions/zod-to-openapi'
import { BAD_BODY, json, ok, problems, UNAVAILABLE } from './parts.ts'
import {
  deadLetter,
  deadLetterList,
  deadLetterListQuery,
  discardRequest,
  reprocessManyRequest,
  reprocessRequest,
} from '../schemas/dead-letters.ts'
import {
  customerOrdersQuery,
  freshOnlyQuery,
  orderSearchQuery,
  orderSummaries,
  overview,
  projectionList,
  salesQuery,
  salesReport,
  stockReport,
} from '../schemas/read-models.ts'
import { z } from '../schemas/shared.ts'

const BEHIND = {
  400: 'INVALID_PARAMETER',
  ...UNAVAILABLE,
  503: 'READ_MODEL_BEHIND, DEPENDENCY_UNAVAILABLE or OVERLOADED, with Retry-After',
}

const accepted = z.object({ status: z.literal('accepted') })

/** What is read from read models: each answer says how fresh it is. */
export function registerReadModels(registry: OpenAPIRegistry): void {
  for (const { path, summary, request, answer } of [
    {
      path: '/customers/{id}/orders',
      summary: 'A customer’s orders, newest first',
      request: { params: z.object({ id: z.string() }), query: customerOrdersQuery },
      answer: orderSummaries,
    },
    {
      path: '/reports/orders',
      summary: 'Search orders, newest first',
      request: { query: orderSearchQuery },
      answer: orderSummaries,
    },
    {
      path: '/reports/sales',
      summary: 'What was sold: completed orders by day (UTC), SKU and currency',
      request: { query: salesQuery },
      answer: salesReport,
    },
    {
      path: '/reports/stock',
      summary: 'Stock, as the events tell it',
      request: { query: freshOnlyQuery },
      answer: stockReport,
    },
    {
      path: '/operations/overview',
      summary: 'Orders by status, and the money at risk',
      request: { query: freshOnlyQuery },
      answer: overview,
    },
  ]) {
    registry.registerPath({
      method: 'get',
      path,
      summary,
      request,
      responses: { 200: ok('With how fresh it is.', answer), ...problems(BEHIND) },
    })
  }
  registry.registerPath({
    method: 'get',
    path: '/operations/projections',
    summary: 'The read models: lag, generation, and how far a rebuild is',
    responses: { 200: ok('All of them.', projectionList), ...problems(UNAVAILABLE) },
  })
  registry.registerPath({
    method: 'post',
    path: '/operations/projections/{name}/rebuild',
    summary: 'Build a read model again from zero, while it is read',
    request: { params: z.object({ name: z.string() }) },
    responses: {
      202: ok('The projector does it; while one runs, another wish changes nothing.', accepted),
      ...problems({ 404: 'PROJECTION_NOT_FOUND', ...UNAVAILABLE }),
    },
  })
}

/** What consumers could not apply. */
export function registerDeadLetters(registry: OpenAPIRegistry): void {
  const params = z.object({ id: z.uuid() })
  registry.registerPath({
    method: 'get',
    path: '/operations/dead-letters',
    summary: 'Events that a consumer could not apply',
    request: { query: deadLetterListQuery },
    responses: {
      200: ok('Oldest first.', deadLetterList),
      ...problems({ 400: 'INVALID_PARAMETER', ...UNAVAILABLE }),
    },
  })
  registry.registerPath({
    method: 'get',
    path: '/operations/dead-letters/{id}',
    summary: 'One of them, with its event',
    request: { params },
    responses: {
      200: ok('The dead letter.', deadLetter),
      ...problems({ 404: 'DEAD_LETTER_NOT_FOUND', ...UNAVAILABLE }),
    },
  })
  for (const { action, summary, schema } of [
    { action: 'reprocess', summary: 'Try it again now, with what waits behind it', schema: reprocessRequest },
    {
      action: 'discard',
      summary: 'Pass over it for good, and go on with what waits behind it',
      schema: discardRequest,
    },
  ]) {
    registry.registerPath({
      method: 'post',
      path: `/operations/dead-letters/{id}/${action}`,
      summary,
      request: { params, body: { required: action === 'discard', ...json(schema) } },
      responses: {
        202: ok('Accepted, and recorded.', accepted),
        ...problems({
          ...BAD_BODY,
          404: 'DEAD_LETTER_NOT_FOUND',
          409: 'DEAD_LETTER_NOT_PARKED',
          422: 'INVALID_REQUEST',
          ...UNAVAILABLE,
        }),
      },
    })
  }
  registry.registerPath({
    method: 'post',
    path: '/operations/dead-letters/reprocess',
    summary: 'Try many of them again now',
    request: { body: { required: true, ...json(reprocessManyRequest) } },
    responses: {
      202: ok('How many were found to be tried, at most 1000.', accepted.extend({ accepted: z.int() })),
      ...problems({ ...BAD_BODY, 422: 'INVALID_REQUEST', ...UNAVAILABLE }),
    },
  })
}
