import { OpenAPIRegistry, OpenApiGeneratorV31 } from '@asteasolutions/zod-to-openapi'
import { loyalty, product, productList, productListQuery } from './schemas/catalogue.ts'
import {
  cancelRequest,
  eventList,
  eventListQuery,
  history,
  idempotencyKey,
  order,
  orderList,
  orderListQuery,
  orderRequest,
} from './schemas/orders.ts'
import { problem, z } from './schemas/shared.ts'

const json = (schema: z.ZodType) => ({ content: { 'application/json': { schema } } })
const ok = (description: string, schema: z.ZodType) => ({ description, ...json(schema) })
const problems = (codes: Record<number, string>) =>
  Object.fromEntries(
    Object.entries(codes).map(([status, description]) => [
      status,
      { description, content: { 'application/problem+json': { schema: problem } } },
    ]),
  )

const orderId = z.object({ id: z.uuid() })
const NO_SUCH_ORDER = { 404: 'ORDER_NOT_FOUND' }
const BAD_BODY = { 400: 'MALFORMED_JSON', 413: 'BODY_TOO_LARGE', 415: 'UNSUPPORTED_MEDIA_TYPE' }
const UNAVAILABLE = { 503: 'DEPENDENCY_UNAVAILABLE, with Retry-After' }

/** The contract, from the same schemas that check the requests. */
export function createOpenApiDocument(version: string) {
  const registry = new OpenAPIRegistry()
  registry.registerPath({
    method: 'post',
    path: '/orders',
    summary: 'Place an order',
    request: {
      headers: z.object({
        'Idempotency-Key': idempotencyKey.openapi({
          description:
            'Names this order for 72 hours: the same key with the same body answers the same order.',
        }),
      }),
      body: { required: true, ...json(orderRequest) },
    },
    responses: {
      202: {
        ...ok('Accepted: it will end completed, rejected or cancelled.', order),
        headers: z.object({
          Location: z.string(),
          'Idempotent-Replayed': z
            .string()
            .optional()
            .openapi({ description: '`true` when the key was used before.' }),
        }),
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
    summary: 'An order and its steps',
    request: { params: orderId },
    responses: { 200: ok('The order.', order), ...problems({ ...NO_SUCH_ORDER, ...UNAVAILABLE }) },
  })
  registry.registerPath({
    method: 'get',
    path: '/orders/{id}/events',
    summary: 'What happened to an order',
    request: { params: orderId, query: eventListQuery },
    responses: {
      200: ok('Its events, from version 1 without gaps.', eventList),
      ...problems({ 400: 'INVALID_PARAMETER', ...NO_SUCH_ORDER, ...UNAVAILABLE }),
    },
  })
  registry.registerPath({
    method: 'get',
    path: '/orders/{id}/history',
    summary: 'The workflow’s history, ready to replay',
    request: { params: orderId },
    responses: {
      200: ok('What there is so far.', history),
      ...problems({ ...NO_SUCH_ORDER, ...UNAVAILABLE }),
    },
  })
  registry.registerPath({
    method: 'post',
    path: '/orders/{id}/cancel',
    summary: 'Cancel an order',
    request: { params: orderId, body: { required: false, ...json(cancelRequest) } },
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
  registry.registerPath({
    method: 'get',
    path: '/products',
    summary: 'The catalogue, with its stock',
    request: { query: productListQuery },
    responses: {
      200: ok('A page of products.', productList),
      ...problems({ 400: 'INVALID_PARAMETER', ...UNAVAILABLE }),
    },
  })
  registry.registerPath({
    method: 'get',
    path: '/products/{sku}',
    summary: 'One product',
    request: { params: z.object({ sku: z.string() }) },
    responses: {
      200: ok('The product.', product),
      ...problems({ 404: 'PRODUCT_NOT_FOUND', ...UNAVAILABLE }),
    },
  })
  registry.registerPath({
    method: 'get',
    path: '/customers/{id}/loyalty',
    summary: 'A customer’s points',
    request: { params: z.object({ id: z.string() }) },
    responses: {
      200: ok('One point for every full 100 minor units of a completed order.', loyalty),
      ...problems(UNAVAILABLE),
    },
  })
  for (const path of ['/livez', '/readyz']) {
    registry.registerPath({
      method: 'get',
      path,
      summary: path === '/livez' ? 'Is the process alive?' : 'Are orders accepted?',
      responses: {
        200: ok('Yes.', z.object({ status: z.string() })),
        ...(path === '/readyz' ? problems(UNAVAILABLE) : {}),
      },
    })
  }
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'OrderSaga',
      version,
      description:
        'Orders that are carried through inventory, payment, shipping and loyalty by a durable saga. Every answer carries ' +
        'X-Request-Id; every error is application/problem+json with a stable `code`.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
  })
}
