import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Request, RequestHandler } from 'express'
import type { Logger } from 'pino'
import { pinoHttp } from 'pino-http'
import { logFieldsOf, sagaStream } from '../domain/saga/ids.ts'
import { withLogContext } from '../log-context.ts'
import { currentTraceId } from '../tracing.ts'

/** The trace of each request: its line is written outside of it. */
const traces = new WeakMap<ServerResponse, { traceId: string }>()

/**
 * Gives every answer an `X-Request-Id`: the caller's, where it is harmless, or a new one. What is logged until then says
 * it, and the saga that the path names.
 */
export const requestId: RequestHandler = (request, response, next) => {
  const given = request.get('x-request-id')
  const id = given !== undefined && /^(?!os_|eyJ)[\w.-]{1,64}$/.test(given) ? given : randomUUID()
  response.set('x-request-id', id)
  const traceId = currentTraceId()
  if (traceId !== undefined) traces.set(response, { traceId })
  withLogContext({ requestId: id, ...sagaAt(request.path) }, next)
}

/**
 * A line a request, without anything that a client sent in a body, a query or a header. Those that took a saga in, and
 * those that failed, are logged; the others only at the level `debug`.
 */
export function requestLog(logger: Logger): RequestHandler {
  const describe = (request: IncomingMessage, response: ServerResponse, tookMs: number) => ({
    requestId: response.getHeader('x-request-id'),
    ...traces.get(response),
    ...takenIn(response),
    method: request.method,
    // Not the path: a client can write anything into it.
    route: (request as Request).route?.path,
    status: response.statusCode,
    tookMs,
  })
  return pinoHttp({
    logger,
    quietResLogger: true,
    customLogLevel: (_request, response) => {
      if (response.statusCode >= 500) return 'warn'
      return takenIn(response) === undefined ? 'debug' : 'info'
    },
    customSuccessObject: (request, response, { responseTime }: { responseTime: number }) =>
      describe(request, response, responseTime),
    customErrorObject: (request, response, _error, { responseTime }: { responseTime: number }) =>
      describe(request, response, responseTime),
    customSuccessMessage: (_request, response) =>
      takenIn(response) === undefined ? 'request answered' : 'accepted',
    customErrorMessage: () => 'request not answered as it should be',
  })
}

/** The saga that an answer says was taken in by it. */
function takenIn(response: ServerResponse): ReturnType<typeof logFieldsOf> | undefined {
  const location = response.statusCode === 202 ? response.getHeader('location') : undefined
  return typeof location !== 'string' || response.hasHeader('idempotent-replayed')
    ? undefined
    : sagaAt(location)
}

/** The saga of a path such as `/orders/<id>/cancel`. */
function sagaAt(path: string): ReturnType<typeof logFieldsOf> | undefined {
  const [, kind, id] = /^\/(order|transfer|return)s\/([\da-f-]{36})(?:\/|$)/.exec(path) ?? []
  return kind === undefined || id === undefined ? undefined : logFieldsOf(sagaStream(kind, id))
}
