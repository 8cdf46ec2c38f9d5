import { OpenAPIRegistry, OpenApiGeneratorV31, type RouteConfig } from '@asteasolutions/zod-to-openapi'
import { z } from '../schemas/shared.ts'
import { registerCatalogue } from './catalogue.ts'
import { registerDeadLetters, registerReadModels } from './events.ts'
import { registerOperations } from './operations.ts'
import { registerOrders } from './orders.ts'
import { ok, problems, UNAVAILABLE } from './parts.ts'
import { registerStreams } from './streams.ts'
import { registerTransfers } from './transfers.ts'

/** The contract, from the same schemas that check the requests. */
export function createOpenApiDocument(version: string) {
  const registry = new OpenAPIRegistry()
  registerOrders(registry)
  registerCatalogue(registry)
  registerTransfers(registry)
  registerOperations(registry)
  registerReadModels(registry)
  registerDeadLetters(registry)
  registerStreams(registry)
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
