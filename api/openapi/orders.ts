import type { OpenAPIRegistry } from '@asteasolutions/zod-to-openapi'
import {
  cancelRequest,
  eventList,
  eventListQuery,
  history,
  order,
  orderList,
  orderListQuery,
  orderQuery,
  orderRequest,
} from '../schemas/orders.ts'
import {
  BAD_BODY,
  idempotencyHeader,
  json,
  ok,
  placedHeaders,
  problems,
  sagaId,
  UNAVAILABLE,
} from './parts.ts'

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
        ...UNAVAILABLE,
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
  registry.registerPath({
    method: 'get',
    path: '/orders/{id}/events',
    summary: 'What happened to an order',
    request: { params: sagaId, query: eventListQuery },
    responses: {
      200: ok('Its events, from version 1 without gaps.', eventList),
      ...problems({ 400: 'INVALID_PARAMETER', ...NO_SUCH_ORDER, ...UNAVAILABLE }),
    },
  })
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
  registry.registerPath({
    method: 'post',
    path: '/orders/{id}/cancel',
    summary: 'Cancel an order',
    request: { params: sagaId, body: { required: false, ...json(cancelRequest) } },
    responses: {
      200: ok('It was cancelled already.', order),
      202: ok(
        'The wish is recorded: unless it is already compensating, the order will end cancelled.',
        order,
      ),
      ...problems({
        ...BAD_BODY,
        ...NO_SUCH_ORDER,
        409: 'ORDER_NOT_CANCELLABLE',
        422: 'INVALID_REQUEST',
        ...UNAVAILABLE,
      }),
    },
  })
}
