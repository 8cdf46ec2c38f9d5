import { randomUUID } from 'node:crypto'
import type { z } from 'zod'
import type { account } from '../../api/resources/accounts.ts'
import type { dependencyList } from '../../api/resources/dependencies.ts'
import type { SandboxLedger } from '../../api/sandbox-client.ts'
import type { eventList } from '../../api/resources/events.ts'
import type { invariantList } from '../../api/resources/invariants.ts'
import type { loyalty } from '../../api/resources/loyalty.ts'
import type { order } from '../../api/resources/order.ts'
import type { parkedStep } from '../../api/resources/parked.ts'
import type { product } from '../../api/resources/products.ts'
import type { returned } from '../../api/resources/returns.ts'
import type { transfer } from '../../api/resources/transfers.ts'
import type { ReturnRequest } from '../../domain/return/intake.ts'
import type { ReturnStatus } from '../../domain/return/status.ts'
import type { Coordination } from '../../domain/saga/coordination.ts'
import { until } from './poll.ts'
import { served } from './served.ts'

/** As most tests place it: with a workflow. */
export type Order = z.infer<typeof order> & { workflow: NonNullable<z.infer<typeof order>['workflow']> }
export type OrderEvent = z.infer<typeof eventList>['data'][number]
export type Loyalty = z.infer<typeof loyalty>
export type Product = z.infer<typeof product>

export type Return = z.infer<typeof returned>
export type Transfer = z.infer<typeof transfer>
export type Account = z.infer<typeof account>

export type ParkedStep = z.infer<typeof parkedStep>

/** The lists of all providers by name; tests that specify a provider know its own. */
export type LedgerView = SandboxLedger

export interface OrderWishes {
  customerId?: string
  currency?: string
  paymentMethod?: string
  service?: string
  /** It is, unless said otherwise. */
  isShipped?: boolean
  giftWrap?: boolean
  coordination?: Coordination
  lines?: { sku: string; quantity: number }[]
  deadlineSeconds?: number
  key?: string
}

export const address = {
  name: 'A. Doe',
  line1: '1 High St',
  city: 'Utrecht',
  // Nothing that random digits could spell.
  postalCode: '3511 ZX',
  country: 'NL',
}

export const orderBody = ({
  customerId,
  currency,
  paymentMethod,
  service,
  isShipped = true,
  giftWrap,
  coordination,
  lines,
  deadlineSeconds,
}: OrderWishes = {}) => ({
  customerId: customerId ?? 'cus_alice',
  currency: currency ?? 'EUR',
  lines: lines ?? [{ sku: 'TEA-001', quantity: 2 }],
  paymentMethod: paymentMethod ?? 'pm_ok',
  ...(isShipped ? { shipping: { service: service ?? 'standard', address } } : {}),
  ...(giftWrap === undefined ? {} : { giftWrap }),
  ...(coordination === undefined ? {} : { coordination }),
  ...(deadlineSeconds === undefined ? {} : { deadlineSeconds }),
})

const isTerminal = ({ status }: { status: string }) => ['completed', 'rejected', 'cancelled'].includes(status)

/**
 * The API as a client sees it, with the waits that tests need.
 * @param credential a key or a token; none where the API is open.
 */
export function createApiClient(apiUrl: string, sandboxUrl: string, credential?: string) {
  const fetch = (
    url: string,
    { headers, ...init }: { method?: string; headers?: object; body?: string } = {},
  ) =>
    globalThis.fetch(url, {
      ...init,
      headers: { ...(credential === undefined ? {} : { authorization: `Bearer ${credential}` }), ...headers },
    })
  const insist = async <T>(what: string, request: () => Promise<Response>, status: number): Promise<T> =>
    answered<T>(await served(what, request), status)
  const get = <T>(path: string): Promise<T> => insist(`${path} to be read`, () => fetch(apiUrl + path), 200)
  const send = <T>(path: string, body: object, status: number, key?: string): Promise<T> => {
    const headers = key === undefined ? {} : { 'idempotency-key': key }
    return insist(`${path} to accept a request`, () => client.post(path, body, headers), status)
  }
  const client = {
    get,
    post: (path: string, body?: unknown, headers: Record<string, string> = {}) =>
      fetch(apiUrl + path, {
        method: 'POST',
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    /** PUT /operations/maintenance. */
    maintain: (body: unknown) =>
      fetch(`${apiUrl}/operations/maintenance`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    async place(wishes: OrderWishes = {}): Promise<Order> {
      return send<Order>('/orders', orderBody(wishes), 202, wishes.key ?? randomUUID())
    },
    cancel: (id: string, reason?: string) =>
      client.post(`/orders/${id}/cancel`, reason === undefined ? undefined : { reason }),
    order: (id: string) => get<Order>(`/orders/${id}`),
    product: (sku: string) => get<Product>(`/products/${sku}`),
    loyalty: (customerId: string) => get<Loyalty>(`/customers/${customerId}/loyalty`),
    events: async (id: string) => (await get<{ data: OrderEvent[] }>(`/orders/${id}/events`)).data,
    eventTypes: async (id: string) => (await client.events(id)).map(({ type }) => type),
    parked: async (query = '') => (await get<{ data: ParkedStep[] }>(`/operations/parked${query}`)).data,
    dependency: async (provider: string) => {
      const { data } = await get<z.infer<typeof dependencyList>>('/operations/dependencies')
      return data.find((dependency) => dependency.provider === provider)
    },
    invariants: () => get<z.infer<typeof invariantList>>('/operations/invariants'),
    history: (id: string) =>
      get<{ events: { eventType: string; eventTime: string }[] }>(`/orders/${id}/history`),
    ended: (id: string, patienceMs?: number) =>
      until(
        `order ${id} to end`,
        async () => {
          const now = await client.order(id)
          return isTerminal(now) ? now : undefined
        },
        patienceMs,
      ),
    reached: (id: string, status: Order['status']) =>
      until(`order ${id} to be ${status}`, async () => {
        const now = await client.order(id)
        return now.status === status ? now : undefined
      }),
    /** Waits for the last event of an order that is completed: nothing more is to come. */
    notified: (id: string) =>
      until(`the customer of order ${id} to be notified`, async () =>
        (await client.eventTypes(id)).some((type) => type === 'CustomerNotified' || type === 'StepSkipped')
          ? true
          : undefined,
      ),
    async run(wishes: OrderWishes = {}): Promise<Order> {
      return client.ended((await client.place(wishes)).id)
    },
    account: (id: string) => get<Account>(`/accounts/${id}`),
    async openAccount(id: string, openingBalanceMinor: number): Promise<Account> {
      const body = { id, ownerId: 'cus_alice', currency: 'EUR', openingBalanceMinor }
      return send<Account>('/accounts', body, 201)
    },
    async changeAccount(id: string, change: 'freeze' | 'unfreeze' | 'close'): Promise<Account> {
      const { version } = await client.account(id)
      return answered<Account>(
        await client.post(`/accounts/${id}/${change}`, { expectedVersion: version }),
        200,
      )
    },
    async transfer(source: string, destination: string, amountMinor: number, key: string = randomUUID()) {
      const body = {
        sourceAccountId: source,
        destinationAccountId: destination,
        amountMinor,
        currency: 'EUR',
      }
      return send<Transfer>('/transfers', body, 202, key)
    },
    transferEnded: (id: string) =>
      until(`transfer ${id} to end`, async () => {
        const now = await get<Transfer>(`/transfers/${id}`)
        return isTerminal(now) ? now : undefined
      }),
    async runTransfer(source: string, destination: string, amountMinor: number): Promise<Transfer> {
      return client.transferEnded((await client.transfer(source, destination, amountMinor)).id)
    },
    askToReturn: (orderId: string, request: ReturnRequest, key: string = randomUUID()) =>
      send<Return>(`/orders/${orderId}/returns`, request, 202, key),
    return: (id: string) => get<Return>(`/returns/${id}`),
    returned: (id: string, status: ReturnStatus) =>
      until(`return ${id} to be ${status}`, async () => {
        const now = await client.return(id)
        return now.status === status ? now : undefined
      }),
    /** What the providers did for one order, or for all. */
    async ledger(orderId = ''): Promise<LedgerView> {
      const all = (await (await fetch(`${sandboxUrl}/ledger`)).json()) as LedgerView
      const lists = Object.entries(all).map(([name, rows]) => [
        name,
        rows.filter(({ key }) => key.includes(orderId)),
      ])
      return Object.fromEntries(lists) as LedgerView
    },
  }
  return client
}

export type ApiClient = ReturnType<typeof createApiClient>

async function answered<T>(response: Response, status: number): Promise<T> {
  if (response.status !== status)
    throw new Error(`${response.url} answered ${response.status}: ${await response.text()}`)
  return (await response.json()) as T
}
