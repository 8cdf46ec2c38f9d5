import { Fault } from './errors.ts'
import type { Attempt, ProviderAnswer } from './saga/provider-step.ts'

/** How long a provider may take to answer: less than the attempt has, so that the attempt learns what happened. */
const ANSWER_TIMEOUT_MS = { local: 800, queued: 4000 }

/** A longer answer is no answer of ours. */
const ANSWER_BYTES_MAX = 64 * 1024

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

export type ProviderHttp = (
  request: ProviderRequest,
  attempt: Attempt,
) => Promise<ProviderAnswer<ProviderResponse>>

/**
 * Speaks JSON over HTTP to one provider, one try per call: the one who retries is Temporal.
 * @throws Fault for a 5xx, a lost connection, a late or an unreadable answer.
 */
export function createProviderHttp({ name, baseUrl }: { name: string; baseUrl: string }): ProviderHttp {
  return async (request, attempt) => {
    const response = await send(name, new URL(request.path, baseUrl), request, attempt)
    const retryAfterMs = parseRetryAfter(response.headers.get('retry-after'))
    if (response.status === 429) {
      await response.body?.cancel()
      return { kind: 'unavailable', ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
    }
    if (response.status >= 500) {
      await response.body?.cancel()
      throw new Fault('PROVIDER_ERROR', `${name} answered ${response.status}`, retryAfterMs)
    }
    return { kind: 'ok', effect: { status: response.status, body: await readJson(name, response) } }
  }
}

async function send(name: string, url: URL, request: ProviderRequest, attempt: Attempt): Promise<Response> {
  const timeout = AbortSignal.timeout(attempt.isLocal ? ANSWER_TIMEOUT_MS.local : ANSWER_TIMEOUT_MS.queued)
  try {
    return await fetch(url, {
      method: request.method,
      redirect: 'error',
      signal: AbortSignal.any([attempt.signal, timeout]),
      headers: {
        accept: 'application/json',
        ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(request.idempotencyKey === undefined ? {} : { 'idempotency-key': request.idempotencyKey }),
      },
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
    })
  } catch {
    throw timeout.aborted || attempt.signal.aborted
      ? new Fault('PROVIDER_TIMEOUT', `${name} did not answer in time`)
      : new Fault('PROVIDER_CONNECTION', `${name} could not be reached or hung up`)
  }
}

async function readJson(name: string, response: Response): Promise<unknown> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  try {
    for await (const chunk of response.body ?? []) {
      bytes += chunk.byteLength
      if (bytes > ANSWER_BYTES_MAX) break
      chunks.push(chunk)
    }
  } catch {
    throw new Fault('PROVIDER_CONNECTION', `${name} hung up in the middle of its answer`)
  }
  if (bytes > ANSWER_BYTES_MAX)
    throw new Fault('PROVIDER_UNREADABLE', `${name} answered more than ${ANSWER_BYTES_MAX} bytes`)
  try {
    return bytes === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    throw new Fault('PROVIDER_UNREADABLE', `${name} answered something that is not JSON`)
  }
}

/** `Retry-After` in either of its forms, as milliseconds from now. */
export function parseRetryAfter(header: string | null, nowMs: number = Date.now()): number | undefined {
  if (header === null) return undefined
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000
  const at = Date.parse(header)
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs)
}
