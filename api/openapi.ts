import { OpenAPIRegistry, OpenApiGeneratorV31, type RouteConfig } from '@asteasolutions/zod-to-openapi'
import { loyalty, product, productList, productListQuery } from './schemas/catalogue.ts'
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
} from './schemas/orders.ts'
import {
  dependencies,
  invariants,
  parkedList,
  parkedListQuery,
  retryBatch,
  retryBatchRequest,
  retryRequest,
  skipRequest,
} from './schemas/operations.ts'
import {
  BAD_BODY,
  idempotencyHeader,
  json,
  ok,
  placedHeaders,
  problems,
  sagaId,
  UNAVAILABLE,
} from './openapi/parts.ts'
import { registerDeadLetters, registerReadModels } from './openapi/events.ts'
import { registerStreams } from './openapi/streams.ts'
import { registerTransfers } from './openapi/transfers.ts'
import { z } from './schemas/shared.ts'

const NO_SUCH_ORDER = { 404: 'ORDER_NOT_FOUND' }

/** The contract, from the same schemas that check the requests. */
export function createOpenApiDocument(version: string) {
  const registry = new OpenAPIRegistry()
  registerTransfers(registry)
  registerStreams(registry)
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
    for (const [sagas, notFound] of [
      ['orders', 'ORDER_NOT_FOUND'],
      ['transfers', 'TRANSFER_NOT_FOUND'],
    ] as const) {
      registry.registerPath({
        method: 'post',
        path: `/operations/${sagas}/{id}/${action}`,
        summary: `${summary}, of one of the ${sagas}`,
        request: { params: sagaId, body: { required: true, ...json(schema) } },
        responses: {
          202: ok('Accepted, and recorded with its reason.', z.object({ status: z.literal('accepted') })),
          ...problems({ ...BAD_BODY, 404: notFound, 409: 'ORDER_NOT_PARKED', 422: codes, ...UNAVAILABLE }),
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
    path: '/operations/invariants',
    summary: 'Is everything true that must be?',
    responses: {
      200: ok('Each check, over the tables and the providers’ ledgers.', invariants),
      ...problems(UNAVAILABLE),
    },
  })
  registerReadModels(registry)
  registerDeadLetters(registry)
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
  for (const definition of registry.definitions) if (definition.type === 'route') complete(definition.route)
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
    tags: [...new Set(GROUPS.values()), 'process'].map((name) => ({ name })),
  })
}

/** What can be told of every route: its name, the group it is shown in, that nobody signs in, and its unknown parameters. */
function complete(route: RouteConfig): void {
  const [group = '', ...rest] = route.path.split('/').filter((part) => part !== '')
  const words = [route.method, group, ...rest].map((part) => part.replaceAll(/[{}]/g, ''))
  const tag = GROUPS.get(group) ?? 'process'
  Object.assign(route, {
    operationId: words.map((word, index) => (index === 0 ? word : capitalised(word))).join(''),
    tags: [tag],
    security: [],
    responses: {
      ...(route.method === 'get' && tag !== 'process' ? problems({ 400: 'INVALID_PARAMETER' }) : {}),
      ...route.responses,
    },
  })
}

const GROUPS = new Map(
  Object.entries({
    orders: ['orders'],
    catalogue: ['products'],
    customers: ['customers', 'reports', 'search'],
    transfers: ['transfers', 'accounts'],
    operations: ['operations'],
  }).flatMap(([tag, groups]) => groups.map((group) => [group, tag] as const)),
)

const capitalised = (word: string) =>
  word
    .split('-')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('')
