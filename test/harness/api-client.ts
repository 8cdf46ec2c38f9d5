import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { z } from 'zod'
import type { eventList, order } from '../../api/schemas/orders.ts'
import type { loyalty, product } from '../../api/schemas/catalogue.ts'
import type { dependencies, invariants, parkedStep } from '../../api/schemas/operations.ts'
import type { account, transfer } from '../../api/schemas/transfers.ts'
import { until } from './poll.ts'

export type Order = z.infer<typeof order>
export type OrderEvent = z.infer<typeof eventList>['data'][number]
export type Product = z.infer<typeof product>

export type Transfer = z.infer<typeof transfer>
export type Account = z.infer<typeof account>

export type ParkedStep = z.infer<typeof parkedStep>

/** The lists of all providers by name; tests that specify a provider know its own. */
export type LedgerView = Readonly<Record<string, readonly { key: string; state?: string }[]>> & {
  charges: { key: string; amountMinor: number; currency: string; state: string }[]
  refunds: { key: string; chargeKey: string; amountMinor: number }[]
  shipments: { key: string; state: string }[]
}

export interface OrderWishes {
  customerId?: string
  paymentMethod?: string
  service?: string
  lines?: { sku: string; quantity: number }[]
  deadlineSeconds?: number
  key?: string
}

export const address = {
  name: 'A. Doe',
  line1: '1 High St',
  city: 'Utrecht',
  postalCode: '3511',
  country: 'NL',
}

export const orderBody = ({
  customerId,
  paymentMethod,
  service,
  lines,
  deadlineSeconds,
}: OrderWishes = {}) => ({
  customerId: customerId ?? 'cus_alice',
  currency: 'EUR',
  lines: lines ?? [{ sku: 'TEA-001', quantity: 2 }],
  paymentMethod: paymentMethod ?? 'pm_ok',
  shipping: { service: service ?? 'standard', address },
  ...(deadlineSeconds === undefined ? {} : { deadlineSeconds }),
})

/** Requests that are answered with 503 are sent so often at most. */
const TRIES_MAX = 20

const isTerminal = ({ status }: { status: string }) => ['completed', 'rejected', 'cancelled'].includes(status)

/** A busy machine may have no connection to its database free for a moment: a client comes back then. */
async function patiently(request: () => Promise<Response>): Promise<Response> {
  let response = await request()
  for (let tries = 1; response.status === 503 && tries < TRIES_MAX; tries += 1) {
    await sleep(Number(response.headers.get('retry-after')) * 1000)
    response = await request()
  }
  return response
}

/** The API as a client sees it, with the waits that tests need. */
export function createApiClient(apiUrl: string, sandboxUrl: string) {
  const get = async <T>(path: string): Promise<T> => {
    const response = await patiently(() => fetch(apiUrl + path))
    if (!response.ok) throw new Error(`GET ${path} answered ${response.status}: ${await response.text()}`)
    return (await response.json()) as T
  }
  const client = {
    get,
    post: (path: string, body?: unknown, headers: Record<string, string> = {}) =>
      fetch(apiUrl + path, {
        method: 'POST',
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    async place(wishes: OrderWishes = {}): Promise<Order> {
      const headers = { 'idempotency-key': wishes.key ?? randomUUID() }
      return answered<Order>(await patiently(() => client.post('/orders', orderBody(wishes), headers)), 202)
    },
    cancel: (id: string, reason?: string) =>
      client.post(`/orders/${id}/cancel`, reason === undefined ? undefined : { reason }),
    order: (id: string) => get<Order>(`/orders/${id}`),
    product: (sku: string) => get<Product>(`/products/${sku}`),
    loyalty: (customerId: string) => get<z.infer<typeof loyalty>>(`/customers/${customerId}/loyalty`),
    events: async (id: string) => (await get<{ data: OrderEvent[] }>(`/orders/${id}/events`)).data,
    eventTypes: async (id: string) => (await client.events(id)).map(({ type }) => type),
    parked: async (query = '') => (await get<{ data: ParkedStep[] }>(`/operations/parked${query}`)).data,
    dependency: async (provider: string) => {
      const { data } = await get<z.infer<typeof dependencies>>('/operations/dependencies')
      return data.find((dependency) => dependency.provider === provider)
    },
    invariants: () => get<z.infer<typeof invariants>>('/operations/invariants'),
    history: (id: string) => get<{ events: { eventType: string }[] }>(`/orders/${id}/history`),
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
    async run(wishes: OrderWishes = {}): Promise<Order> {
      return client.ended((await client.place(wishes)).id)
    },
    account: (id: string) => get<Account>(`/accounts/${id}`),
    async openAccount(id: string, openingBalanceMinor: number): Promise<Account> {
      const body = { id, ownerId: 'cus_alice', currency: 'EUR', openingBalanceMinor }
      return answered<Account>(await patiently(() => client.post('/accounts', body)), 201)
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
      const request = () => client.post('/transfers', body, { 'idempotency-key': key })
      return answered<Transfer>(await patiently(request), 202)
    },
    transferEnded: (id: string) =>
      until(`transfer ${id} to end`, async () => {
        const now = await get<Transfer>(`/transfers/${id}`)
        return isTerminal(now) ? now : undefined
      }),
    async runTransfer(source: string, destination: string, amountMinor: number): Promise<Transfer> {
      return client.transferEnded((await client.transfer(source, destination, amountMinor)).id)
    },
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
