import { randomUUID } from 'node:crypto'
import { targetsOf, type OpenApi, type Target } from './document-inputs.ts'
import { until } from './poll.ts'
import { sendRaw, type RawAnswer, type RawRequest } from './raw-http.ts'
import type { System } from './system.ts'

const NO_ID = '01a00000-0000-7000-8000-000000000000'

/** What a test changes of a request that is otherwise as it should be. */
export interface Change {
  /** By name, as they are sent. */
  path?: Record<string, string>
  query?: string
  headers?: readonly (readonly [string, string])[]
  body?: string | Buffer
}

/** Every operation of a system, and a way to call it with anything at all. */
export async function openOutside({ api, apiUrl }: System) {
  const targets = targetsOf(await api.get<OpenApi>('/openapi.json'))
  const orderId = (await api.place()).id
  await api.openAccount('acc_outside', 100)
  await api.openAccount('acc_other', 0)
  const transferId = (await api.transfer('acc_outside', 'acc_other', 1)).id
  const known: readonly [RegExp, string][] = [
    [/orders\/\{/, orderId],
    [/transfers\/\{/, transferId],
    [/accounts\/\{/, 'acc_outside'],
    [/products\/\{/, 'TEA-001'],
    [/customers\/\{/, 'cus_alice'],
    [/projections\/\{/, 'sales'],
  ]

  /** The path of an operation, about something that is there. */
  const pathOf = (path: string, values: Record<string, string> = {}) =>
    path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
      const ours = known.find(([pattern]) => pattern.test(path))
      return values[name] ?? ours?.[1] ?? NO_ID
    })

  /** The operation as it should be called, with a change. */
  function requestOf(target: Target, change: Change = {}): RawRequest {
    const { method, path, parameters, body } = target
    const given = change.headers ?? []
    const needed = [
      ...(body === undefined ? [] : [['content-type', 'application/json'] as const]),
      ...parameters
        .filter(({ in: place, required }) => place === 'header' && required === true)
        .map(({ name }) => [name, randomUUID()] as const),
    ].filter(([name]) => !given.some(([other]) => other.toLowerCase() === name.toLowerCase()))
    return {
      method,
      target: pathOf(path, change.path) + (change.query === undefined ? '' : `?${change.query}`),
      headers: [...needed, ...given],
      body: change.body ?? (body === undefined ? '' : JSON.stringify(body)),
    }
  }

  /** Sends a request, again while a busy machine makes a dependency unavailable. */
  const send = (request: RawRequest): Promise<RawAnswer> =>
    until('an answer', async () => {
      const answer = await sendRaw(apiUrl, request)
      const isBusy = answer.status === 503 && answer.body.includes('DEPENDENCY_UNAVAILABLE')
      return isBusy ? undefined : answer
    })

  return {
    targets,
    pathOf,
    send,
    call: (target: Target, change?: Change) => send(requestOf(target, change)),
  }
}

export type Outside = Awaited<ReturnType<typeof openOutside>>

/** What is wrong with an answer to a client that may have sent anything; undefined when nothing is. */
export function faultOf({ status, headers, body }: RawAnswer): string | undefined {
  if (!(status >= 200 && status < 500)) return `${status}: ${body.slice(0, 300)}`
  if (headers['x-request-id'] === undefined) return `${status} without X-Request-Id`
  if (headers['x-content-type-options'] !== 'nosniff') return `${status} without nosniff`
  if (status < 400) return undefined
  if (headers['content-type']?.startsWith('application/problem+json') !== true)
    return `${status} is no problem: ${body.slice(0, 300)}`
  const { code, requestId } = JSON.parse(body) as Record<string, unknown>
  return typeof code === 'string' && requestId === headers['x-request-id']
    ? undefined
    : `a problem without code: ${body}`
}
