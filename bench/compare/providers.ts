import { Agent, request } from 'undici'
import { z } from 'zod'
import type { Order } from './order.ts'

const CONNECTIONS_MAX = 64
const ANSWER_TIMEOUT_MS = 4000

/** The statuses of a refusal: the gateway's and the carrier's. */
const REFUSED = new Set([402, 422])

const charged = z.object({ id: z.string(), state: z.literal('charged') })
const shipped = z.object({ trackingNumber: z.string(), state: z.literal('created') })
const refunded = z.object({ state: z.literal('refunded') })

/** What a provider did, or its code for refusing to. */
export type Answer<Effect> = { effect: Effect } | { refusal: string }

/** The payment gateway and the carrier. What is neither an effect nor a refusal is thrown, and tried again. */
export function createProviders(sandboxUrl: string) {
  const dispatcher = new Agent({ connections: CONNECTIONS_MAX, bodyTimeout: ANSWER_TIMEOUT_MS })
  async function post<Effect>(
    path: string,
    key: string,
    body: object,
    effect: z.ZodType<Effect>,
  ): Promise<Answer<Effect>> {
    const response = await request(sandboxUrl + path, {
      dispatcher,
      method: 'POST',
      headersTimeout: ANSWER_TIMEOUT_MS,
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(body),
    })
    const answer: unknown = await response.body.json()
    if (REFUSED.has(response.statusCode))
      return { refusal: z.object({ code: z.string() }).parse(answer).code }
    if (response.statusCode !== 201) throw new Error(`${path} answered ${response.statusCode}`)
    return { effect: effect.parse(answer) }
  }
  return {
    charge: ({ id, totalMinor, currency, paymentMethod }: Order) =>
      post('/charges', `${id}:charge`, { amountMinor: totalMinor, currency, paymentMethod }, charged),
    ship: ({ id, shipping }: Order) => post('/shipments', `${id}:ship`, shipping, shipped),
    /** A refund is never refused for good. */
    async refund({ id }: Order): Promise<void> {
      const answer = await post('/refunds', `${id}:refund`, { chargeKey: `${id}:charge` }, refunded)
      if ('refusal' in answer) throw new Error(`/refunds answered ${answer.refusal}`)
    },
  }
}

export type Providers = ReturnType<typeof createProviders>
