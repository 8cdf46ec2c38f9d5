import { OpenAPIRegistry, OpenApiGeneratorV31, type RouteConfig } from '@asteasolutions/zod-to-openapi'
import { changes } from './edge.ts'
import type { Answer, Endpoint } from './endpoint.ts'
import { accessTo, asksForRole, describeAccess } from './identity/access.ts'
import { noQuery } from './parts.ts'
import { PROBLEMS, type ProblemCode } from './problem.ts'
import { z } from './zod.ts'

/** The contract, made once, when it is first asked for: a second of a core, which a start is spared. */
export function describing(endpoints: readonly Endpoint[], version: string) {
  let document: ReturnType<typeof createDocument> | undefined
  return () => (document ??= createDocument(endpoints, version))
}

/** The contract, from the endpoints themselves: what checks the requests also describes them. */
export function createDocument(endpoints: readonly Endpoint[], version: string) {
  const registry = new OpenAPIRegistry()
  registry.registerComponent('securitySchemes', 'credential', {
    type: 'http',
    scheme: 'bearer',
    description:
      'An API key, `os_<id>_<secret>`, or a JSON Web Token of the issuer that is set up. On a developer’s own machine, ' +
      'where nothing is set up, none is needed.',
  })
  for (const endpoint of endpoints) registry.registerPath(describe(endpoint))
  const document = new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'OrderSaga',
      version,
      description:
        'Orders that are carried through inventory, payment, shipping and loyalty by a durable saga. Every answer carries ' +
        'X-Request-Id; every error is application/problem+json with a stable `code`. Paths are matched exactly; a method ' +
        'that a path does not have is answered with 405 and `Allow`, and GET implies HEAD.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    tags: [...new Set(GROUPS.values()), PROCESS].map((name) => ({ name })),
  })
  return asText(document)
}

function describe(endpoint: Endpoint): RouteConfig {
  const { method, path, summary, params, query = noQuery, headers, body, isBodyOptional, answers } = endpoint
  return {
    method,
    path,
    summary,
    operationId: operationId(method, path),
    description: `For: ${describeAccess(accessTo(endpoint))}.`,
    tags: [tagOf(path)],
    security: accessTo(endpoint) === 'everyone' ? [] : [{ credential: [] }],
    request: {
      ...(params === undefined ? {} : { params }),
      ...(query === noQuery ? {} : { query: query as z.ZodObject }),
      ...(headers === undefined ? {} : { headers: headersOf(headers) }),
      ...(body === undefined ? {} : { body: { required: isBodyOptional !== true, ...json(body) } }),
    },
    responses: {
      ...Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, answerOf(answer)])),
      ...problemsOf(codesOf(endpoint)),
    },
  }
}

const EVENTS = 'text/event-stream'

/** One event of a stream; `asText` makes a text of its data. */
const eventOf = (data: z.ZodType) => z.object({ id: z.string(), event: z.string(), data })

/** The data of an event is JSON in a text, which a schema of zod cannot say. */
function asText(document: ReturnType<OpenApiGeneratorV31['generateDocument']>) {
  for (const { get } of Object.values(document.paths ?? {})) {
    const { properties } = get?.responses?.['200']?.content?.[EVENTS]?.schema ?? {}
    if (properties !== undefined)
      properties.data = {
        type: 'string',
        contentMediaType: 'application/json',
        contentSchema: properties.data,
      }
  }
  return document
}

const json = (schema: z.ZodType) => ({ content: { 'application/json': { schema } } })

function answerOf(answer: Answer) {
  const { description } = answer
  if ('schema' in answer) {
    const { schema, headers } = answer
    return { description, ...json(schema), ...(headers === undefined ? {} : { headers }) }
  }
  if ('isStream' in answer) return { description, content: { [EVENTS]: { schema: eventOf(answer.data) } } }
  return { description }
}

const headersOf = (rules: NonNullable<Endpoint['headers']>) =>
  z.object(
    Object.fromEntries(
      Object.entries(rules).map(([name, { schema, description }]) => [name, schema.openapi({ description })]),
    ),
  )

/** What can be wrong with a request before it has come to an endpoint. */
const UNREADABLE = [
  'MALFORMED_REQUEST',
  'REQUEST_TIMEOUT',
  'HEADERS_TOO_LARGE',
  'MISDIRECTED_REQUEST',
  'FORBIDDEN_PROXY',
] as const

/** The problems that follow from what an endpoint takes, and its own. */
function codesOf(endpoint: Endpoint) {
  const { method, isProbe, params, absent, headers, body, invalid, bound, problems = [] } = endpoint
  const codes: (ProblemCode | undefined)[] = [...UNREADABLE, ...problems]
  const access = accessTo(endpoint)
  if (access !== 'everyone') codes.push('UNAUTHENTICATED')
  if (asksForRole(access)) codes.push('FORBIDDEN')
  if (changes(method.toUpperCase())) codes.push('FORBIDDEN_ORIGIN')
  if (isProbe !== true) codes.push('INVALID_PARAMETER', 'RATE_LIMITED', 'DEPENDENCY_UNAVAILABLE')
  if (params !== undefined) codes.push(absent ?? 'NOT_FOUND')
  for (const rule of Object.values(headers ?? {})) codes.push(rule.missing, rule.invalid)
  if (body !== undefined)
    codes.push('MALFORMED_JSON', 'BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE', invalid ?? 'INVALID_REQUEST')
  if (bound !== undefined) codes.push('OVERLOADED')
  return new Set(codes.filter((code) => code !== undefined))
}

const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string(),
    requestId: z.string(),
    traceId: z.string().optional().describe('Of the trace of the request, where requests are traced.'),
    errors: z
      .array(z.object({ pointer: z.string(), detail: z.string() }))
      .optional()
      .openapi({ description: 'Where the body is wrong: pointers (RFC 6901) into it.' }),
  })
  .openapi('Problem')

/** By status, which codes there are. */
function problemsOf(codes: ReadonlySet<ProblemCode>) {
  const statuses = new Set([...codes].map((code) => PROBLEMS[code][0]))
  return Object.fromEntries(
    [...statuses].map((status) => {
      const those = [...codes].filter((code) => PROBLEMS[code][0] === status).sort()
      const schema = problem.extend({ status: z.literal(status), code: z.enum(those) })
      const mayComeBack = status === 429 || status === 503
      return [
        status,
        {
          description: those.join(', '),
          content: { 'application/problem+json': { schema } },
          ...(mayComeBack ? { headers: z.object({ 'Retry-After': z.string() }) } : {}),
        },
      ]
    }),
  )
}

const PROCESS = 'process'

const GROUPS = new Map(
  Object.entries({
    orders: ['orders'],
    catalogue: ['products'],
    customers: ['customers', 'reports'],
    returns: ['returns'],
    transfers: ['transfers', 'accounts'],
    operations: ['operations'],
    identity: ['me', 'session', 'keys'],
    development: ['development'],
  }).flatMap(([tag, groups]) => groups.map((group) => [group, tag] as const)),
)

const tagOf = (path: string) => GROUPS.get(path.split('/')[1] ?? '') ?? PROCESS

/** E.g. `getOrdersIdEvents`. */
const operationId = (method: string, path: string) =>
  method +
  path
    .split(/[^A-Za-z]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')
