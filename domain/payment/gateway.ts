import { z } from 'zod'
import { createKeyedProvider } from '../provider/keyed.ts'
import type { KeyedProvider } from '../provider/protocol.ts'
import type { ProviderHttp } from '../provider/http.ts'

export interface ChargeRequest {
  amountMinor: number
  currency: string
  /** An opaque token of the customer's method. */
  paymentMethod: string
}

const charge = z.object({ id: z.string().max(100), amountMinor: z.int(), currency: z.string().length(3) })

export type ProviderCharge = z.infer<typeof charge>

export type PaymentGateway = KeyedProvider<ChargeRequest, ProviderCharge>

export function createPaymentGateway(http: ProviderHttp): PaymentGateway {
  return createKeyedProvider({
    http,
    collection: 'charges',
    effect: charge,
    refusals: {
      DECLINED: { code: 'PAYMENT_DECLINED', detail: 'The payment was declined.' },
      INSUFFICIENT_FUNDS: { code: 'INSUFFICIENT_FUNDS', detail: 'The payment method lacks the funds.' },
      UNKNOWN_METHOD: {
        code: 'PAYMENT_METHOD_UNKNOWN',
        detail: 'The payment gateway does not know this payment method.',
      },
    },
    undo: (key) => ({ method: 'POST', path: '/refunds', body: { chargeKey: key } }),
  })
}
