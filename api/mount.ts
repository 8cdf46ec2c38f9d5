import { Router, type IRouter, type Request, type Response } from 'express'
import type { z } from 'zod'
import { DomainError } from '../faults.ts'
import { parseBody, readJson } from './body.ts'
import type { AnyReply, Contract, Endpoint, From, HeaderRule } from './endpoint.ts'
import {
  accessTo,
  describeAccess,
  isAllowed,
  isRecorded,
  nameOf,
  pathAsTarget,
  targetOf,
} from './identity/access.ts'
import type { AuditLog, Deed } from './identity/audit-log.ts'
import { callerOf } from './identity/caller.ts'
import { noQuery } from './parts.ts'
import { HttpProblem } from './problem.ts'

/** A path is what the document says, letter by letter: `/orders/` is what a client asks for that has no id. */
const EXACTLY = { strict: true, caseSensitive: true }

/** Every answer of a stream has them, also one without a body. */
const STREAM_HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'private, no-cache, no-store, no-transform, must-revalidate, max-age=0',
  pragma: 'no-cache',
  'x-accel-buffering': 'no',
}

/** How often it is looked whether who watches a stream may still. */
const LOOK_EVERY_MS = 2000

export interface Recording {
  audit: AuditLog
  onTrouble: (what: string, error: unknown) => void
}

/**
 * Serves the endpoints.
 * @throws Error when one of them says nowhere who may call it.
 */
export function mount(endpoints: readonly Endpoint[], recording: Recording): Router {
  const router = Router(EXACTLY)
  for (const endpoint of endpoints) accessTo(endpoint)
  for (const [path, group] of byPath(endpoints)) {
    const route = path.replaceAll(/\{(\w+)\}/g, ':$1')
    for (const endpoint of group)
      router[endpoint.method](route, async (request, response) =>
        send(await answer(endpoint, request, response, recording), request, response),
      )
    refuseOtherMethods(
      router,
      route,
      group.map(({ method }) => method),
    )
  }
  return router
}

/** Answers every other method on a path with 405 and what is allowed. */
export function refuseOtherMethods(
  router: IRouter,
  route: string,
  methods: readonly Contract['method'][],
): void {
  const allowed = [...methods]
    .sort()
    .flatMap((method) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]))
    .join(', ')
  router.all(route, (request, response) => {
    response.set('allow', allowed)
    throw new HttpProblem('METHOD_NOT_ALLOWED', `${request.method} is not one of ${allowed}.`)
  })
}

/** A path with a name in it comes after one that has a word there. */
function byPath(endpoints: readonly Endpoint[]): [string, Endpoint[]][] {
  const groups = new Map<string, Endpoint[]>()
  for (const endpoint of endpoints)
    groups.set(endpoint.path, [...(groups.get(endpoint.path) ?? []), endpoint])
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1))
}

/** Finds an endpoint of a path, whichever its method. */
export function indexPaths(endpoints: readonly Endpoint[]): (path: string) => Endpoint | undefined {
  const known = endpoints.map((endpoint) => ({
    endpoint,
    pattern: new RegExp(`^${endpoint.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
  }))
  return (path) => known.find(({ pattern }) => pattern.test(path))?.endpoint
}

/** Checks a request against its contract, in the order in which a client would mend it, and carries it out. */
async function answer(
  endpoint: Endpoint,
  request: Request,
  response: Response,
  recording: Recording,
): Promise<AnyReply> {
  const { principal } = callerOf(request)
  const access = accessTo(endpoint)
  if (!isAllowed(access, principal))
    throw new HttpProblem('FORBIDDEN', `It takes the role: ${describeAccess(access)}.`)
  const { body, isBodyOptional = false, invalid = 'INVALID_REQUEST', bound } = endpoint
  const sent = body === undefined ? undefined : await readJson(request, response, isBodyOptional)
  // Only now: a sender that is slow with its body holds no place.
  bound?.enter(response)
  const headers = readHeaders(endpoint.headers ?? {}, request)
  const query = endpoint.isProbe === true ? {} : parseQuery(endpoint.query ?? noQuery, request.query)
  const parsed = body === undefined ? undefined : parseBody(body, sent, invalid)
  const params = parseParams(endpoint, request)
  const { host, cookie } = request.headers
  const from: From = { requestId: String(response.getHeader('x-request-id')), host, cookie }
  const carryOut = () => endpoint.handle({ params, query, headers, body: parsed, sent, principal, from })
  if (!isRecorded(endpoint, principal)) return carryOut()
  const deed = {
    subject: principal.subject,
    action: nameOf(endpoint),
    target: [targetOf(endpoint.path, Object(params)), ...idsIn(parsed)].join('/'),
    isNamed: endpoint.path.includes('{'),
    requestId: from.requestId,
    reason: reasonIn(parsed),
  }
  return recorded(carryOut, deed, recording)
}

/** Of many things, those that the body names. */
const idsIn = (body: unknown): string[] => {
  const { ids } = Object(body) as { ids?: unknown }
  return Array.isArray(ids) ? [ids.join(',')] : []
}

/** In the words of who does it. */
const reasonIn = (body: unknown): string | undefined => {
  const { reason } = Object(body) as { reason?: unknown }
  return typeof reason === 'string' ? reason : undefined
}

/** Recorded before it is done: what cannot be recorded is not done. */
async function recorded(
  carryOut: () => Promise<AnyReply>,
  deed: Deed & { isNamed: boolean },
  { audit, onTrouble }: Recording,
): Promise<AnyReply> {
  const id = await audit.begin(deed)
  const end = (outcome: string, made?: string) =>
    audit
      .end(id, outcome, made)
      .catch((error: unknown) => onTrouble('the end of a deed was not recorded', error))
  const done = await carryOut().catch(async (error: unknown) => {
    // What else goes wrong may have been done.
    if (error instanceof HttpProblem || error instanceof DomainError) await end(error.code)
    throw error
  })
  const made = deed.isNamed ? undefined : done.headers?.['location']
  await end('done', made === undefined ? undefined : pathAsTarget(made))
  return done
}

async function send(
  { status, headers = {}, body, after, stream }: AnyReply,
  request: Request,
  response: Response,
): Promise<void> {
  response.status(status).set(headers)
  if (after !== undefined) response.once('close', after)
  if (stream === undefined) {
    if (body === undefined) response.end()
    else response.json(body)
    return
  }
  // Set one by one: Express would add a charset, which this type does not have.
  for (const [name, value] of Object.entries(STREAM_HEADERS)) response.setHeader(name, value)
  if (request.method === 'HEAD') return void response.end()
  cutOffOnceUnknown(request, response)
  await stream(request, response)
}

/** A stream outlasts the key, the session or the token that it was opened with. */
function cutOffOnceUnknown(request: Request, response: Response): void {
  const { isGood } = callerOf(request)
  const timer = setInterval(() => {
    isGood().then(
      (isStillGood) => isStillGood || response.destroy(),
      () => response.destroy(),
    )
  }, LOOK_EVERY_MS)
  response.once('close', () => clearInterval(timer))
}

function readHeaders(rules: Readonly<Record<string, HeaderRule>>, request: Request): object {
  return Object.fromEntries(
    Object.entries(rules).map(([name, { schema, description, missing, invalid }]) => {
      const given = request.get(name)
      if (missing !== undefined && (given === undefined || given === ''))
        throw new HttpProblem(missing, description)
      const parsed = schema.safeParse(given)
      if (!parsed.success) throw new HttpProblem(invalid, description)
      return [name, parsed.data]
    }),
  )
}

/** @throws HttpProblem (400) that names the parameter. */
function parseQuery(schema: z.ZodType, query: unknown): unknown {
  const parsed = schema.safeParse(query)
  if (parsed.success) return parsed.data
  const names = parsed.error.issues.map((issue) =>
    issue.code === 'unrecognized_keys' ? issue.keys.join(', ') : issue.path.join('.'),
  )
  throw new HttpProblem('INVALID_PARAMETER', `Wrong or unknown: ${names.join(', ').slice(0, 200)}.`)
}

function parseParams({ params, absent = 'NOT_FOUND' }: Endpoint, request: Request): unknown {
  const parsed = params?.safeParse(request.params)
  if (parsed?.success === false) throw new HttpProblem(absent)
  return parsed?.data
}
