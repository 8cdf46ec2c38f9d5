import express, { type Express, type Request, type RequestHandler, type Response } from 'express'
import helmet from 'helmet'
import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import swaggerUi from 'swagger-ui-express'
import cors from 'cors'
import { limitAddresses, limitCallers, type CallerLimits } from './back-pressure.ts'
import { serveConsole } from './console.ts'
import type { createDocument } from './document.ts'
import { guardEdge, type EdgeOptions } from './edge.ts'
import type { Endpoint } from './endpoint.ts'
import { accessTo } from './identity/access.ts'
import { callerOf } from './identity/caller.ts'
import { countIntake } from './intake-metrics.ts'
import type { Identity } from './identity/identity.ts'
import { indexPaths, mount, refuseOtherMethods } from './mount.ts'
import { createErrorHandler, describeProblem, HttpProblem } from './problem.ts'
import { requestId, requestLog } from './request-log.ts'
import { traceRequests } from '../trace-requests.ts'

export interface AppOptions {
  endpoints: readonly Endpoint[]
  /** The proxies that say where a request comes from: their addresses and networks, or how many there are. */
  trustProxy: readonly string[]
  limits: CallerLimits
  identity: Identity
  edge: Pick<EdgeOptions, 'allowedHosts' | 'host' | 'origins'>
  /** Where the console is built; without it there is none. */
  consoleDir?: string | undefined
  /** What describes the endpoints: made when it is first asked for. */
  document: () => ReturnType<typeof createDocument>
  log: Logger
  metrics: Registry
  /** Whether spans are made of requests. */
  isTraced?: boolean
}

/** The HTTP API. */
export function createApp({
  endpoints,
  trustProxy,
  limits,
  identity,
  edge,
  consoleDir,
  document,
  log,
  metrics,
  isTraced = false,
}: AppOptions): Express {
  const app = express()
  const [first = ''] = trustProxy
  app.set('trust proxy', /^\d$/.test(first) ? Number(first) : trustProxy)
  app.disable('x-powered-by')
  app.set('etag', false)
  // Plain HTTP on this machine: nothing may be upgraded to HTTPS.
  const security = helmet({ contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } } })
  const probes = endpoints.filter(({ isProbe }) => isProbe === true)
  const forEveryone = endpoints.filter((each) => accessTo(each) === 'everyone' && !probes.includes(each))
  const forTheKnown = endpoints.filter((each) => accessTo(each) !== 'everyone')
  const guard = guardEdge({ ...edge, isOpen: identity.isOpen, probes: probes.map(({ path }) => path) })
  const endpointAt = indexPaths(endpoints)
  if (isTraced) app.use(traceRequests(({ path }) => tracedRoute(endpointAt(path))))
  app.use(requestId, security, requestLog(log), countIntake(metrics, endpoints), requireHost, guard)
  if (edge.origins.length > 0) app.use(cors({ ...CORS, origin: [...edge.origins] }))
  app.use(mount(probes, identity), limitAddresses(limits.perSecond))
  page(app, '/openapi.json', (_request, response) => void response.json(document()))
  page(app, '/problems/:type', describeProblem)
  const home = consoleDir === undefined ? '/docs/' : '/console/'
  page(app, '/', (_request, response) => response.redirect(home))
  if (consoleDir !== undefined) serveConsole(app, consoleDir)
  const docs = swaggerUi.setup(undefined, { swaggerUrl: '/openapi.json', customSiteTitle: 'OrderSaga API' })
  page(app, '/docs', ...swaggerUi.serve, docs)
  app.use('/docs', swaggerUi.serve)
  app.use(neverStored, mount(forEveryone, identity))
  app.use('/webhooks', nothingHere)
  // From here on a credential is needed, also to learn that there is nothing at a path.
  app.use(identity.requireKnown, ...limitCallers(limits), mount(forTheKnown, identity))
  app.use(nothingHere)
  const onRefused = (request: Request, response: Response, problem: HttpProblem) =>
    identity.onRefused(
      {
        subject: callerOf(request).principal.subject,
        action: `${request.method} ${endpointAt(request.path)?.path ?? 'elsewhere'}`,
        target: request.path.slice(1),
        requestId: String(response.getHeader('x-request-id')),
      },
      problem,
    )
  const absentAt = (path: string) => endpointAt(path)?.absent ?? 'NOT_FOUND'
  app.use(createErrorHandler({ log, onRefused, absentAt }))
  return app
}

/** Probes come every few seconds, and say nothing of what was asked. */
const tracedRoute = (endpoint: Endpoint | undefined) =>
  endpoint === undefined || endpoint.isProbe === true ? undefined : endpoint.path

const nothingHere: RequestHandler = () => {
  throw new HttpProblem('NOT_FOUND', 'There is nothing at this path.')
}

/** What a page of another origin may send and read, where the configuration names it. */
const CORS = {
  methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
  allowedHeaders: [
    'authorization',
    'content-type',
    'idempotency-key',
    'last-event-id',
    'traceparent',
    'x-request-id',
  ],
  exposedHeaders: [
    'location',
    'idempotent-replayed',
    'retry-after',
    'ratelimit',
    'ratelimit-policy',
    'x-request-id',
  ],
  maxAge: 600,
}

/** Orders, people and money are in no cache, neither on the way nor in a browser. */
const neverStored: RequestHandler = (_request, response, next) => {
  response.set('cache-control', 'no-store')
  next()
}

/** What is read, and is no part of the contract. */
function page(app: Express, path: string, ...handlers: RequestHandler[]): void {
  app.get(path, ...handlers)
  refuseOtherMethods(app, path, ['get'])
}

/** HTTP/1.1 asks for a Host; other versions have none, or it elsewhere. */
const requireHost: RequestHandler = (request, _response, next) => {
  const hosts = request.headersDistinct['host'] ?? []
  if (hosts.length > 1 || (request.httpVersion === '1.1' && hosts.length === 0))
    throw new HttpProblem('MALFORMED_REQUEST', 'There must be one Host header.')
  next()
}
