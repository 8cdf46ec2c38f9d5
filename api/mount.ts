import { Router, type IRouter, type Request, type Response } from 'express'
import type { z } from 'zod'
import { parseBody, readJson } from './body.ts'
import type { AnyReply, Contract, Endpoint, HeaderRule } from './endpoint.ts'
import { noQuery } from './parts.ts'
import { HttpProblem, type ProblemCode } from './problem.ts'

/** A path is what the document says, letter by letter: `/orders/` is what a client asks for that has no id. */
const EXACTLY = { strict: true, caseSensitive: true }

/** Every answer of a stream has them, also one without a body. */
const STREAM_HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'private, no-cache, no-store, no-transform, must-revalidate, max-age=0',
  pragma: 'no-cache',
  'x-accel-buffering': 'no',
}

/** Serves the endpoints. */
export function mount(endpoints: readonly Endpoint[]): Router {
  const router = Router(EXACTLY)
  for (const [path, group] of byPath(endpoints)) {
    const route = path.replaceAll(/\{(\w+)\}/g, ':$1')
    for (const endpoint of group)
      router[endpoint.method](route, async (request, response) =>
        send(await answer(endpoint, request, response), request, response),
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

/** The problem of an id that is no percent-encoded text, on a path that only looks like one of ours. */
export function absentAt(endpoints: readonly Endpoint[], path: string): ProblemCode {
  const found = endpoints.find(({ path: ours }) =>
    new RegExp(`^${ours.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path),
  )
  return found?.absent ?? 'NOT_FOUND'
}

/** Checks a request against its contract, in the order in which a client would mend it, and carries it out. */
async function answer(endpoint: Endpoint, request: Request, response: Response): Promise<AnyReply> {
  const { body, isBodyOptional = false, invalid = 'INVALID_REQUEST', bound } = endpoint
  const sent = body === undefined ? undefined : await readJson(request, response, isBodyOptional)
  // Only now: a sender that is slow with its body holds no place.
  bound?.enter(response)
  const headers = readHeaders(endpoint.headers ?? {}, request)
  const query = endpoint.isProbe === true ? {} : parseQuery(endpoint.query ?? noQuery, request.query)
  const parsed = body === undefined ? undefined : parseBody(body, sent, invalid)
  const params = parseParams(endpoint, request)
  return endpoint.handle({ params, query, headers, body: parsed, sent, caller: 'anonymous' })
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
  if (request.method === 'HEAD') response.end()
  else await stream(request, response)
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
