import createFetchClient, { type Middleware } from 'openapi-fetch'
import createQueryClient from 'openapi-react-query'
import type { components, paths } from './api-types.ts'

type Schemas = components['schemas']
export type Order = Schemas['Order']
export type Step = Schemas['Step']
export type OrderStatus = Order['status']
export type SagaEvent = Schemas['EventList']['data'][number]
export type Problem = Schemas['Problem']
export type Account = Schemas['Account']
export type AccountRequest = Schemas['AccountRequest']
export type Difference = Schemas['Difference']
export type DifferenceList = Schemas['DifferenceList']
export type ReconciliationRun = Schemas['ReconciliationRun']
export type Return = Schemas['Return']
export type Transfer = Schemas['Transfer']
export type TransferRequest = Schemas['TransferRequest']

/** An answer that is no success, as the API explains it (RFC 9457). */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem'
  readonly status: number
  readonly code: string
  readonly requestId: string
  readonly errors: NonNullable<Problem['errors']>

  constructor({ status, code, title, detail, requestId, errors = [] }: Problem) {
    super(detail === '' ? title : detail)
    this.status = status
    this.code = code
    this.requestId = requestId
    this.errors = errors
  }
}

/** @throws ApiProblem, also for an answer that something between here and the API has made. */
const throwProblems: Middleware = {
  async onResponse({ response }) {
    if (response.ok) return
    const body: unknown = await response.json().catch(() => undefined)
    throw new ApiProblem({
      type: 'about:blank',
      title: `${response.status} ${response.statusText}`,
      status: response.status,
      code: 'UNKNOWN',
      detail: '',
      requestId: response.headers.get('x-request-id') ?? '',
      ...(body as Partial<Problem> | undefined),
    })
  },
}

/** Calls the API that serves this page. */
export const client = createFetchClient<paths>({ baseUrl: '/' })
client.use(throwProblems)

/** The body of a success, which every answer here has. */
export function given<Data>(data: Data | undefined): Data {
  if (data === undefined) throw new Error('The API answered without a body.')
  return data
}

/** The same for React: `api.useQuery('get', '/orders/{id}', …)`. */
export const api = createQueryClient(client)

/**
 * An idempotency key: a request that is sent again with it is carried out once. `crypto.randomUUID` exists on secure
 * origins only.
 */
export const newKey = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('')

/** The API has no such thing, or no such route. */
export const isNotFound = (error: unknown): boolean => error instanceof ApiProblem && error.status === 404
