import { client, given, newKey, type Order } from '../../api.ts'
import type { components } from '../../api-types.ts'

export type Ledger = components['schemas']['SandboxLedger']
type Faults = components['schemas']['SandboxFaultsRequest']

const UP: Faults = { payment: 'up', shipping: 'up', percent: 100 }

/** What a scene may do: nothing that a client of the API could not. */
export interface Stage {
  /** Places an order; the first of a scene is the one that is drawn. */
  place: (wishes?: Wishes) => Promise<string>
  /** A line of what happens, with the time since the scene began. */
  say: (line: string) => void
  /** The order once it is as asked for. */
  order: (id: string, is: (order: Order) => boolean) => Promise<Order>
  ended: (id: string) => Promise<Order>
  /** The order once nothing of it runs any more, the steps after the point of no return included. */
  settled: (id: string) => Promise<Order>
  /** The gateway's and the carrier's own ledgers, for one order, once they are as asked for. */
  ledger: (id: string, is?: (ledger: Ledger) => boolean) => Promise<Ledger>
  /** Breaks providers; those that are not named are up. */
  setFaults: (faults: Partial<Faults>) => Promise<void>
  clearFaults: () => Promise<void>
  /** The processes whose names contain this word, killed with SIGKILL all at once. */
  kill: (word: string) => Promise<string[]>
  retry: (id: string, reason: string) => Promise<void>
  /** Waits for the visitor to press a button with this label. */
  press: (label: string) => Promise<void>
}

export interface Wishes {
  paymentMethod?: string
  service?: string
  coordination?: Order['coordination']
}

/** What the page shows of a scene while it plays. */
export interface StageOptions {
  onPlaced: (id: string) => void
  onLine: (line: string) => void
  onChoice: (label: string | undefined, press: () => void) => void
  signal: AbortSignal
}

const ASK_EVERY_MS = 250
const PATIENCE_MS = 180_000

export function createStage({ onPlaced, onLine, onChoice, signal }: StageOptions): Stage {
  /** Asks until the answer is as wanted. */
  const until = async <Answer>(
    what: string,
    ask: () => Promise<Answer>,
    is: (answer: Answer) => boolean,
  ): Promise<Answer> => {
    const giveUpAt = performance.now() + PATIENCE_MS
    while (performance.now() < giveUpAt) {
      signal.throwIfAborted()
      const answer = await ask().catch(giveOnlyTime)
      if (answer !== undefined && is(answer)) return answer
      await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS))
    }
    throw new Error(`${what} took longer than three minutes.`)
  }
  const readOrder = async (id: string) => {
    const { data } = await client.GET('/orders/{id}', { params: { path: { id } } })
    return given(data)
  }
  const order: Stage['order'] = (id, is) => until('The order', () => readOrder(id), is)
  return {
    order,
    ended: (id) => order(id, hasEnded),
    settled: (id) => order(id, isSettled),
    say: onLine,
    async place({ paymentMethod = 'pm_ok', service = 'standard', coordination = 'orchestration' } = {}) {
      const { data } = await client.POST('/orders', {
        params: { header: { 'Idempotency-Key': newKey() } },
        body: {
          customerId: 'cus_visitor',
          currency: 'EUR',
          lines: [{ sku: 'TEA-001', quantity: 2 }],
          paymentMethod,
          coordination,
          shipping: { service, address: ADDRESS },
        },
        signal,
      })
      const { id } = given(data)
      onPlaced(id)
      return id
    },
    ledger: (id, is = () => true) =>
      until(
        'The gateway',
        async () =>
          given((await client.GET('/development/ledger', { params: { query: { orderId: id } } })).data),
        is,
      ),
    async setFaults(faults) {
      await client.PUT('/development/faults', { body: { ...UP, ...faults }, signal })
    },
    async clearFaults() {
      await client.DELETE('/development/faults')
    },
    async kill(word) {
      const { data } = await client.GET('/development/processes', { signal })
      const names = given(data)
        .data.map(({ name }) => name)
        .filter((name) => name.includes(word))
      await Promise.all(
        names.map((name) =>
          client.POST('/development/processes/{name}/kill', { params: { path: { name } }, signal }),
        ),
      )
      return names
    },
    async retry(id, reason) {
      await client.POST('/operations/orders/{id}/retry', {
        params: { path: { id } },
        body: { reason },
        signal,
      })
    },
    press: (label) =>
      new Promise((resolve, reject) => {
        onChoice(label, () => {
          onChoice(undefined, () => undefined)
          resolve()
        })
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
      }),
  }
}

const hasEnded = ({ status }: Order) => ['completed', 'rejected', 'cancelled'].includes(status)

const isSettled = (order: Order) =>
  hasEnded(order) &&
  (order.status !== 'completed' ||
    order.steps.every(({ state }) => !['pending', 'running', 'waiting'].includes(state)))

/** The API may be away for a moment: it is asked again. */
const giveOnlyTime = () => undefined

const ADDRESS = {
  name: 'V. Isitor',
  line1: '1 High St',
  city: 'Utrecht',
  postalCode: '3511',
  country: 'NL',
} as const
