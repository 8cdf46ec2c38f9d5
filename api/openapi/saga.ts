import type { OpenAPIRegistry } from '@asteasolutions/zod-to-openapi'
import { cancelRequest, eventList, eventListQuery } from '../schemas/orders.ts'
import type { z } from '../schemas/shared.ts'
import { BAD_BODY, json, ok, problems, sagaId, UNAVAILABLE } from './parts.ts'

/** A kind of saga, as the contract speaks of it. */
export interface SagaKind {
  /** Its collection, e.g. `orders`. */
  path: string
  /** One of them, e.g. `an order`. */
  one: string
  schema: z.ZodType
  notFound: string
  notCancellable: string
}

export function registerSagaEvents(registry: OpenAPIRegistry, { path, one, notFound }: SagaKind): void {
  registry.registerPath({
    method: 'get',
    path: `/${path}/{id}/events`,
    summary: `What happened to ${one}`,
    request: { params: sagaId, query: eventListQuery },
    responses: {
      200: ok('Its events, from version 1 without gaps.', eventList),
      ...problems({ 400: 'INVALID_PARAMETER', 404: notFound, ...UNAVAILABLE }),
    },
  })
}

export function registerSagaCancel(registry: OpenAPIRegistry, kind: SagaKind): void {
  registry.registerPath({
    method: 'post',
    path: `/${kind.path}/{id}/cancel`,
    summary: `Cancel ${kind.one}`,
    request: { params: sagaId, body: { required: false, ...json(cancelRequest) } },
    responses: {
      200: ok('It was cancelled already.', kind.schema),
      202: ok('The wish is recorded: unless it is already compensating, it will end cancelled.', kind.schema),
      ...problems({
        ...BAD_BODY,
        404: kind.notFound,
        409: kind.notCancellable,
        422: 'INVALID_REQUEST',
        ...UNAVAILABLE,
      }),
    },
  })
}
