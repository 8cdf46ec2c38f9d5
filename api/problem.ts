import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express'
import type { Logger } from 'pino'
import { isDatabaseTrouble, isNewerEvent, DomainError } from '../faults.ts'
import { createTroubleLog, describeError } from '../logger.ts'
import { currentTraceId } from '../tracing.ts'

/** A fault of the request itself, in the form of RFC 9457. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem'
  readonly code: ProblemCode
  readonly errors: readonly FieldError[]
  /** For the record alone: a word of our own. */
  readonly because: string | undefined

  /** @param detail its title unless said otherwise. */
  constructor(
    code: ProblemCode,
    detail: string = PROBLEMS[code][1],
    errors: readonly FieldError[] = [],
    because?: string,
  ) {
    super(detail)
    this.code = code
    this.errors = errors
    this.because = because
  }
}

export interface FieldError {
  /** RFC 6901, into the body. */
  pointer: string
  detail: string
}

/** Every code that this API answers with, its HTTP status and its title. The codes are stable. */
export const PROBLEMS = {
  MALFORMED_REQUEST: [400, 'This is no HTTP request'],
  MALFORMED_JSON: [400, 'The body is not JSON'],
  IDEMPOTENCY_KEY_MISSING: [400, 'The Idempotency-Key header is missing'],
  IDEMPOTENCY_KEY_INVALID: [400, 'The Idempotency-Key header is invalid'],
  INVALID_PARAMETER: [400, 'A query parameter is invalid'],
  UNAUTHENTICATED: [401, 'Who asks is not known'],
  FORBIDDEN: [403, 'Who asks may not do this'],
  FORBIDDEN_ORIGIN: [403, 'A page of another origin asks'],
  FORBIDDEN_PROXY: [403, 'It came through a proxy'],
  NOT_FOUND: [404, 'There is no such resource'],
  ORDER_NOT_FOUND: [404, 'There is no such order'],
  PRODUCT_NOT_FOUND: [404, 'There is no such product'],
  HISTORY_NOT_KEPT: [404, 'The history of the workflow is not kept any more'],
  METHOD_NOT_ALLOWED: [405, 'This resource does not have that method'],
  TRANSFER_NOT_FOUND: [404, 'There is no such transfer'],
  RETURN_NOT_FOUND: [404, 'There is no such return'],
  ACCOUNT_NOT_FOUND: [404, 'There is no such account'],
  KEY_NOT_FOUND: [404, 'There is no such key'],
  RETRY_NOT_FOUND: [404, 'There is no such retry operation'],
  DEAD_LETTER_NOT_FOUND: [404, 'There is no such dead letter'],
  DIFFERENCE_NOT_FOUND: [404, 'There is no such difference'],
  PROJECTION_NOT_FOUND: [404, 'There is no such projection'],
  PROCESS_NOT_FOUND: [404, 'There is no such process'],
  REQUEST_TIMEOUT: [408, 'The request did not arrive in time'],
  ORDER_NOT_CANCELLABLE: [409, 'The order can no longer be cancelled'],
  ORDER_NOT_RETURNABLE: [409, 'Nothing of the order can be sent back'],
  RETURN_NOT_OPEN: [409, 'The return is decided already'],
  RETURN_NOT_PARKED: [409, 'Nothing of this return is parked'],
  ORDER_NOT_PARKED: [409, 'Nothing of this order is parked'],
  COMPENSATION_IN_PROGRESS: [409, 'An attempt at it is under way'],
  TRANSFER_NOT_PARKED: [409, 'Nothing of this transfer is parked'],
  KEY_NAME_TAKEN: [409, 'The name is that of another client'],
  ACCOUNT_EXISTS: [409, 'There is an account with this id'],
  ACCOUNT_CLOSED: [409, 'The account is closed'],
  ACCOUNT_FROZEN: [409, 'The account is frozen'],
  ACCOUNT_NOT_FROZEN: [409, 'The account is not frozen'],
  BALANCE_NOT_ZERO: [409, 'There is still money on the account'],
  VERSION_CONFLICT: [409, 'It has changed since you read it'],
  TRANSFER_NOT_CANCELLABLE: [409, 'The transfer can no longer be cancelled'],
  RETRY_NOT_RUNNING: [409, 'The retry operation has ended'],
  DIFFERENCE_NOT_OPEN: [409, 'Both sides agree by now'],
  DEAD_LETTER_NOT_PARKED: [409, 'This dead letter is not the one to be decided on'],
  IDEMPOTENCY_KEY_IN_USE: [409, 'A request with this key is still being worked on'],
  BODY_TOO_LARGE: [413, 'The body is too large'],
  UNSUPPORTED_MEDIA_TYPE: [415, 'The body is not application/json'],
  MISDIRECTED_REQUEST: [421, 'This host is not served here'],
  INVALID_KEY: [422, 'The key is invalid'],
  INVALID_ORDER: [422, 'The order is invalid'],
  INVALID_RETURN: [422, 'The return is invalid'],
  INVALID_TRANSFER: [422, 'The transfer is invalid'],
  INVALID_ACCOUNT: [422, 'The account is invalid'],
  CURRENCY_MISMATCH: [422, 'The account is in another currency'],
  INSUFFICIENT_FUNDS: [422, 'There is not enough money on the account'],
  BALANCE_TOO_LARGE: [422, 'The account cannot hold that much'],
  INVALID_REQUEST: [422, 'The request is invalid'],
  UNKNOWN_STEP: [422, 'There is no such step'],
  STEP_NOT_SKIPPABLE: [422, 'This step can only be tried again'],
  IDEMPOTENCY_KEY_REUSED: [422, 'The key was used before, with another request'],
  UNKNOWN_SKU: [422, 'A product is unknown'],
  INACTIVE_SKU: [422, 'A product is no longer sold'],
  TOTAL_MISMATCH: [422, 'The total differs from the catalogue’s'],
  RATE_LIMITED: [429, 'Too many requests'],
  HEADERS_TOO_LARGE: [431, 'The headers are too large'],
  INTERNAL: [500, 'Something went wrong on our side'],
  OVERLOADED: [503, 'Too much is going on'],
  INTAKE_PAUSED: [503, 'Nothing new is taken in'],
  READ_MODEL_BEHIND: [503, 'The read model is not there yet'],
  DEPENDENCY_UNAVAILABLE: [503, 'Something that is needed for this is not available'],
} as const satisfies Record<string, readonly [number, string]>

export type ProblemCode = keyof typeof PROBLEMS

const isProblemCode = (code: string): code is ProblemCode => code in PROBLEMS

/** After how many seconds a client may come back when it is too much, or a dependency is down. */
const RETRY_AFTER_SECONDS = 1

/** Maintenance takes minutes: clients need not ask each second. */
const RETRY_PAUSED_SECONDS = 10

/** RFC 6901: `~` and `/` are escaped in each part. */
export const pointerTo = (path: readonly PropertyKey[]): string =>
  path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')

const PROBLEM = 'problem'

/** The code of the problem that a request was answered with; undefined where there was none. */
export const problemIn = (response: Response): ProblemCode | undefined =>
  response.locals[PROBLEM] as ProblemCode | undefined

export function sendProblem(
  response: Response,
  code: ProblemCode,
  detail: string,
  errors: readonly FieldError[] = [],
): void {
  const [status] = PROBLEMS[code]
  response.locals[PROBLEM] = code
  const retryAfter = retryAfterSeconds(code)
  if (status === 401) response.set('www-authenticate', 'Bearer')
  if (retryAfter !== undefined && !response.hasHeader('retry-after'))
    response.set('retry-after', String(retryAfter))
  response
    .status(status)
    .type('application/problem+json')
    .send(JSON.stringify(problemOf(code, detail, response.get('x-request-id'), errors)))
}

/** When a client may come back with the same request, where it may. */
export function retryAfterSeconds(code: ProblemCode): number | undefined {
  const [status] = PROBLEMS[code]
  if (status !== 503 && status !== 429) return undefined
  return code === 'INTAKE_PAUSED' ? RETRY_PAUSED_SECONDS : RETRY_AFTER_SECONDS
}

/** A problem, as it is sent. */
export function problemOf(
  code: ProblemCode,
  detail: string,
  requestId: string | undefined,
  errors: readonly FieldError[] = [],
) {
  const [status, title] = PROBLEMS[code]
  const traceId = currentTraceId()
  return {
    type: typeOf(code),
    title,
    status,
    code,
    detail,
    requestId,
    ...(traceId === undefined ? {} : { traceId }),
    ...(errors.length === 0 ? {} : { errors }),
  }
}

/** What a problem's `type` leads to. */
export const describeProblem: RequestHandler = (request, response) => {
  const code = String(request.params['type']).toUpperCase().replaceAll('-', '_')
  if (!isProblemCode(code)) throw new HttpProblem('NOT_FOUND', 'There is no such type of problem.')
  const [status, title] = PROBLEMS[code]
  response.json({ type: typeOf(code), title, status, code })
}

const typeOf = (code: ProblemCode) => `/problems/${code.toLowerCase().replaceAll('_', '-')}`

export interface ErrorHandling {
  log: Logger
  /** Called with each request that was refused for who made it. */
  onRefused: (request: Request, response: Response, problem: HttpProblem) => void
  /** The problem of a path whose id is no percent-encoded text. */
  absentAt: (path: string) => ProblemCode
}

const NEWER_DETAIL = 'A newer release has written to it: please try again when that release answers.'

/** The one place where an exception becomes an HTTP answer. Its text does not leave the process. */
export function createErrorHandler({ log, onRefused, absentAt }: ErrorHandling): ErrorRequestHandler {
  // Each request has a line of its own already.
  const logTrouble = createTroubleLog(log)
  return (error: unknown, request, response, next) => {
    if (response.headersSent) return next(error)
    if (error instanceof HttpProblem) {
      const [status] = PROBLEMS[error.code]
      if (status === 401 || status === 403 || status === 421) onRefused(request, response, error)
      return sendProblem(response, error.code, error.message, error.errors)
    }
    if (error instanceof DomainError && isProblemCode(error.code)) {
      const errors = error.paths.map((path) => ({ pointer: pointerTo(path), detail: error.message }))
      return sendProblem(response, error.code, error.message, errors)
    }
    const fromParser = error instanceof URIError ? absentAt(request.path) : parserProblem(error)
    if (fromParser !== undefined) return sendProblem(response, fromParser, PROBLEMS[fromParser][1])
    if (isDependencyDown(error)) {
      logTrouble('something that a request needs is not available', error)
      return sendProblem(response, 'DEPENDENCY_UNAVAILABLE', 'Please try again later.')
    }
    log.error(
      {
        requestId: response.get('x-request-id'),
        method: request.method,
        route: request.route?.path,
        error: describeError(error),
      },
      'request failed',
    )
    if (isNewerEvent(error)) return sendProblem(response, 'DEPENDENCY_UNAVAILABLE', NEWER_DETAIL)
    sendProblem(response, 'INTERNAL', 'The request id helps us to find out what happened.')
  }
}

/** What the body parser and the router throw carries a status and a type. */
function parserProblem(error: unknown): ProblemCode | undefined {
  if (!(error instanceof Error) || !('status' in error)) return undefined
  switch (error.status) {
    case 400:
      return 'MALFORMED_JSON'
    case 413:
      return 'BODY_TOO_LARGE'
    case 415:
      return 'UNSUPPORTED_MEDIA_TYPE'
    default:
      return undefined
  }
}

/** PostgreSQL or Temporal cannot be reached, cannot do it now, or did not answer in time. */
function isDependencyDown(error: unknown): boolean {
  if (isDatabaseTrouble(error)) return true
  if (!(error instanceof Error)) return false
  const code = 'code' in error ? String(error.code) : ''
  // gRPC: 4 is a deadline that has passed, 14 unavailable.
  return code === '4' || code === '14' || isDependencyDown(error.cause)
}
