import { Agent, errors, request as send, type Dispatcher } from 'undici'
import { Fault } from '../../faults.ts'
import { currentTraceParent, inSpan, withoutKeys, type OpenSpan } from '../../tracing.ts'
import type { Attempt, ProviderAnswer } from './protocol.ts'

/** How long a provider may take to answer: less than the attempt has, so that the attempt learns what happened. */
export const ANSWER_TIMEOUT_MS = { local: 800, queued: 4000 }

/** A provider that does not even take the call is not waited for. */
const CONNECT_TIMEOUT_MS = 500

/** A longer answer is no answer of ours, unless it is a list. */
const ANSWER_BYTES_MAX = 64 * 1024

export interface ProviderHttpOptions {
  name: string
  baseUrl: string
  /** Bytes of an answer at most. */
  answerBytesMax?: number
}

/** A provider that wants to be left alone for longer is asked again after this all the same. */
const RETRY_AFTER_MAX_MS = 60_000

/** The code of a Fault for credentials that are not taken. */
export const PROVIDER_DENIED = 'PROVIDER_DENIED'

/** Connections to one provider, per process. */
const CONNECTIONS_MAX = 64

export interface ProviderRequest {
  method: 'GET' | 'POST' | 'PUT'
  /** Below the provider's base URL, with its variable parts encoded. */
  path: string
  idempotencyKey?: string
  body?: unknown
}

/** An answer below 500 that is not 429: what it means is for the participant's gateway to say. */
export interface ProviderResponse {
  status: number
  body: unknown
}

export type ProviderHttp = (request: ProviderRequest, attempt: Attempt) => Promise<HttpAnswer>

type HttpAnswer = Extract<
  ProviderAnswer<ProviderResponse>,
  { kind: 'ok' } | { kind: 'unavailable' } | { kind: 'notLocal' }
>

/**
 * Speaks JSON over HTTP to one provider, one try per call and no redirects: the one who retries is Temporal.
 * @throws Fault for a 5xx, credentials that are not taken, a lost connection, a late or an unreadable answer.
 */
export function createProviderHttp({
  name,
  baseUrl,
  answerBytesMax = ANSWER_BYTES_MAX,
}: ProviderHttpOptions): ProviderHttp {
  const base = baseUrl.replace(/\/$/, '')
  const dispatcher = new Agent({
    connections: CONNECTIONS_MAX,
    connect: { timeout: CONNECT_TIMEOUT_MS },
    maxResponseSize: answerBytesMax,
  })
  const call = async (request: ProviderRequest, attempt: Attempt, span: OpenSpan): Promise<HttpAnswer> => {
    const timeout = AbortSignal.timeout(attempt.isLocal ? ANSWER_TIMEOUT_MS.local : ANSWER_TIMEOUT_MS.queued)
    const signal = AbortSignal.any([attempt.signal, timeout])
    try {
      const response = await send(base + request.path, { dispatcher, signal, ...asOptions(request) })
      span.setAttribute('http.response.status_code', response.statusCode)
      const text = await response.body.text()
      return read(name, response, text)
    } catch (error) {
      throw error instanceof Fault ? error : asFault(name, error, signal.aborted)
    }
  }
  return (request, attempt) => {
    const { method, path } = request
    const attributes = { 'http.request.method': method, 'ordersaga.provider': name }
    return inSpan(`${name} ${method} ${withoutKeys(path)}`, { kind: 'CLIENT', attributes }, (span) =>
      call(request, attempt, span),
    )
  }
}

function asOptions({ method, body, idempotencyKey }: ProviderRequest) {
  const traceparent = currentTraceParent()
  const headers = {
    ...(traceparent === undefined ? {} : { traceparent }),
    accept: 'application/json',
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
  }
  return body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) }
}

function read(name: string, { statusCode, headers }: Dispatcher.ResponseData, text: string): HttpAnswer {
  const retryAfterMs = parseRetryAfter(headers)
  if (statusCode === 429)
    return {
      kind: 'unavailable',
      why: 'RATE_LIMITED',
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    }
  if (statusCode === 401 || statusCode === 403)
    throw new Fault(PROVIDER_DENIED, `${name} answered ${statusCode}: are our credentials right?`)
  if (statusCode >= 500) throw new Fault('PROVIDER_ERROR', `${name} answered ${statusCode}`, retryAfterMs)
  try {
    return { kind: 'ok', effect: { status: statusCode, body: text === '' ? undefined : JSON.parse(text) } }
  } catch {
    throw new Fault('PROVIDER_UNREADABLE', `${name} answered something that is not JSON`)
  }
}

function asFault(name: string, error: unknown, isAborted: boolean): Fault {
  if (isAborted) return new Fault('PROVIDER_TIMEOUT', `${name} did not answer in time`)
  if (error instanceof errors.ResponseExceededMaxSizeError) {
    return new Fault('PROVIDER_UNREADABLE', `${name} answered too many bytes`)
  }
  return new Fault('PROVIDER_CONNECTION', `${name} could not be reached or hung up`)
}

/**
 * `Retry-After` in either of its forms, as milliseconds from now; a minute at most. A date is by the provider's clock,
 * and so is that of the answer: our own has no part in it.
 */
export function parseRetryAfter({
  'retry-after': header,
  date,
}: Dispatcher.ResponseData['headers']): number | undefined {
  if (typeof header !== 'string') return undefined
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.parse(String(date))
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), RETRY_AFTER_MAX_MS)
}
