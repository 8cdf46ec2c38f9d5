import type { OpenAPIRegistry } from '@asteasolutions/zod-to-openapi'
import { history, order, orderList, orderListQuery, orderQuery, orderRequest } from '../schemas/orders.ts'
import {
  BAD_BODY,
  idempotencyHeader,
  json,
  NOT_TAKEN_IN,
  ok,
  placedHeaders,
  problems,
  sagaId,
  UNAVAILABLE,
} from './parts.ts'
import { registerSagaCancel, registerSagaEvents, type SagaKind } from './saga.ts'

const ORDERS: SagaKind = {
  path: 'orders',
  one: 'an order',
  schema: order,
  notFound: 'ORDER_NOT_FOUND',
  notCancellable: 'ORDER_NOT_CANCELLABLE',
}
const NO_SUCH_ORDER = { 404: 'ORDER_NOT_FOUND' }

/** Placing an order, and everything that is asked about one. */
export function registerOrders(registry: OpenAPIRegistry): void {
  registry.registerPath({
    method: 'post',
    path: '/orders',
    summary: 'Place an order',
    request: {
      headers: idempotencyHeader,
      body: { required: true, ...json(orderRequest) },
    },
    responses: {
      202: {
        ...ok('Accepted: it will end completed, rejected or cancelled.', order),
        headers: placedHeaders,
      },
      ...problems({
        ...BAD_BODY,
        400: 'MALFORMED_JSON, IDEMPOTENCY_KEY_MISSING, IDEMPOTENCY_KEY_INVALID',
        409: 'IDEMPOTENCY_KEY_IN_USE',
        422: 'INVALID_ORDER, UNKNOWN_SKU, INACTIVE_SKU, TOTAL_MISMATCH, IDEMPOTENCY_KEY_REUSED',
        ...NOT_TAKEN_IN,
      }),
    },
  })
  registry.registerPath({
    method: 'get',
    path: '/orders',
    summary: 'List orders, newest first',
    request: { query: orderListQuery },
    responses: {
      200: ok('A page of orders.', orderList),
      ...problems({ 400: 'INVALID_PARAMETER', ...UNAVAILABLE }),
    },
  })
  registry.registerPath({
    method: 'get',
    path: '/orders/{id}',
    summary: 'An order and its steps, now or as it was',
    request: { params: sagaId, query: orderQuery },
    responses: {
      200: ok('The order.', order),
      ...problems({ 400: 'INVALID_PARAMETER', ...NO_SUCH_ORDER, ...UNAVAILABLE }),
    },
  })
  registerSagaEvents(registry, ORDERS)
  registry.registerPath({
    method: 'get',
    path: '/orders/{id}/history',
    summary: 'The workflow’s history, ready to replay',
    request: { params: sagaId },
    responses: {
      200: ok('What there is so far.', history),
      ...problems({ ...NO_SUCH_ORDER, ...UNAVAILABLE }),
    },
  })
  registerSagaCancel(registry, ORDERS)
}
