import { randomUUID } from 'node:crypto'
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import createFetchClient, { type Middleware } from 'openapi-fetch'
import type { components, paths } from '../console/api-types.ts'

/**
 * A client of the API in one file, for commands and for programs: every call is typed by the API's document, and what
 * is no success is an error.
 *
 *     const client = createClient({ url: 'http://127.0.0.1:3000', key: process.env.ORDER_SAGA_KEY })
 *     const order = given(await client.GET('/orders/{id}', { params: { path: { id } } }))
 */
export function createClient({ url, key }: { url: string; key?: string | undefined }) {
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` }
  const client = createFetchClient<paths>({ baseUrl: url, headers, fetch: reach })
  client.use(throwProblems)
  return {
    ...client,
    events: (path: string, options?: StreamOptions) => readStream(url + path, headers, options),
  }
}

export type Client = ReturnType<typeof createClient>
export type Schemas = components['schemas']

/** The parameters that a list takes, e.g. `Query<'/orders'>`. */
export type Query<Path extends keyof paths> = paths[Path] extends { get: { parameters: { query?: infer Q } } }
  ? NonNullable<Q>
  : never

/** An answer that is no success, as the API explains it (RFC 9457). */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem'
  readonly problem: Schemas['Problem']

  constructor(problem: Schemas['Problem']) {
    super(problem.detail === '' ? problem.title : problem.detail)
    this.problem = problem
  }

  get status(): number {
    return this.problem.status
  }

  get code(): string {
    return this.problem.code
  }

  get errors(): readonly { pointer: string; detail: string }[] {
    return this.problem.errors ?? []
  }
}

/** No answer came, or none of the API. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable'
}

/** The body of a success. */
export function given<Data>({ data }: { data?: Data | undefined }): Data {
  if (data === undefined) throw new Unreachable('The API answered without a body.')
  return data
}

/** The header of a request that is carried out once, also if it is sent again with the same key. */
export const idempotent = (key: string = randomUUID()) => ({ 'Idempotency-Key': key })

/** The longest check of the API takes a minute. */
const REQUEST_MAX_MS = 120_000

/** A request with one of these certainly did not arrive. */
const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])

/** @throws Unreachable, which says how to send a request again whose answer was lost. */
async function reach(request: Request): Promise<Response> {
  const { origin } = new URL(request.url)
  try {
    return await fetch(request, {
      signal: AbortSignal.any([request.signal, AbortSignal.timeout(REQUEST_MAX_MS)]),
    })
  } catch (error) {
    if (request.signal.aborted) throw error
    const key = request.headers.get('idempotency-key')
    const isLost = key !== null && !NEVER_SENT.has(causeOf(error))
    throw new Unreachable(
      `No answer from ${origin} (${causeOf(error)}). ` +
        (isLost
          ? `Whether the request arrived is not known: send it again with --idempotency-key ${key}.`
          : 'Start the system, or set --url or ORDER_SAGA_URL to where the API is.'),
    )
  }
}

function causeOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return cause.code
  return cause instanceof Error ? cause.message : String(cause)
}

const throwProblems: Middleware = {
  async onResponse({ response, request }) {
    if (!response.ok) throw await problemOf(response)
    const type = response.headers.get('content-type') ?? ''
    if (response.status !== 204 && !type.includes('json'))
      throw new Unreachable(
        `${new URL(request.url).origin} answered ${type || 'something'} and no JSON: it is not the API.`,
      )
  },
}

/** Also for an answer that something between here and the API has made. */
async function problemOf(response: Response): Promise<ApiProblem> {
  const body: unknown = await response.json().catch(() => undefined)
  return new ApiProblem({
    type: 'about:blank',
    title: `${response.status} ${response.statusText}`,
    status: response.status,
    code: 'UNKNOWN',
    detail: '',
    requestId: response.headers.get('x-request-id') ?? '',
    ...(body as Partial<Schemas['Problem']> | undefined),
  })
}

interface StreamOptions {
  signal?: AbortSignal | undefined
  /** Called when the stream is interrupted; it is opened again after the last event that came. */
  onLost?: () => void
}

const PAUSE_MS = 1000

/** So many failures in a row, a second apart, and the API is taken for away. */
const LOST_MAX = 60

/** The server sends a comment more often. */
const SILENCE_MAX_MS = 45_000

/**
 * The events of a stream, each once and in order, until the server says that nothing will follow.
 * @throws ApiProblem if the stream is refused, Unreachable if the API stays away.
 */
async function* readStream(
  url: string,
  headers: Record<string, string>,
  { signal, onLost }: StreamOptions = {},
): AsyncGenerator<EventSourceMessage> {
  let lastId: string | undefined
  for (let lost = 0; lost < LOST_MAX; lost += 1) {
    const silence = new AbortController()
    const parts = AbortSignal.any([silence.signal, ...(signal === undefined ? [] : [signal])])
    let alarm = setTimeout(() => silence.abort(), SILENCE_MAX_MS)
    try {
      const seen = lastId === undefined ? {} : { 'last-event-id': lastId }
      const response = await fetch(url, { headers: { ...headers, ...seen }, signal: parts })
      if (response.status === 204) return
      if (!response.ok || response.body === null) throw await problemOf(response)
      const came: EventSourceMessage[] = []
      const parser = createParser({ onEvent: (event) => void came.push(event) })
      for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
        clearTimeout(alarm)
        alarm = setTimeout(() => silence.abort(), SILENCE_MAX_MS)
        parser.feed(part)
        for (const event of came.splice(0)) {
          lastId = event.id ?? lastId
          lost = 0
          yield event
        }
      }
    } catch (error) {
      if (signal?.aborted === true) return
      if (error instanceof ApiProblem && error.status < 500 && error.status !== 429) throw error
      if (lost === 0) onLost?.()
    } finally {
      clearTimeout(alarm)
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    if (signal?.aborted === true) return
  }
  throw new Unreachable(`${new URL(url).origin} did not answer for ${LOST_MAX} tries.`)
}
