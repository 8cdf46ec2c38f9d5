import { z } from 'zod'
import { behaviourOf } from './behaviour.ts'
import { isPending } from './ledger.ts'
import type { ProviderKind } from './provider.ts'

const behaviourOfCharge = behaviourOf({
  prefix: 'pm_',
  fine: ['ok', 'partial', 'other_currency'],
  refused: { declined: 'DECLINED', insufficient_funds: 'INSUFFICIENT_FUNDS' },
  undoFails: 'refund_fails',
  pends: 'pending',
})

/** Every provider that the sandbox plays. Its routes, its faults and its part of the ledger follow from its entry. */
export const PROVIDERS: readonly ProviderKind[] = [
  {
    name: 'payment',
    collection: 'charges',
    refusalStatus: 402,
    unknownCode: 'UNKNOWN_METHOD',
    states: { live: 'charged', undone: 'refunded', voided: 'voided', pending: 'pending' },
    undo: { path: '/refunds', keyOf: (request) => refundRequest.safeParse(request.body).data?.chargeKey },
    effectOf(key, body) {
      const { success, data } = chargeRequest.safeParse(body)
      if (!success) return undefined
      const { paymentMethod: token, ...asked } = data
      return { id: `ch_${key}`, ...asked, ...OTHERWISE[token]?.(asked), token }
    },
    behaviourOf: behaviourOfCharge,
    publish: (effects) => ({
      charges: effects.map(({ key, effect, state }) => ({
        key,
        amountMinor: effect['amountMinor'],
        currency: effect['currency'],
        state,
      })),
      refunds: effects.flatMap(({ key, effect, undoKey }) =>
        undoKey === undefined ? [] : [{ key: undoKey, chargeKey: key, amountMinor: effect['amountMinor'] }],
      ),
    }),
  },
  {
    name: 'shipping',
    collection: 'shipments',
    refusalStatus: 422,
    unknownCode: 'UNKNOWN_SERVICE',
    states: { live: 'created', undone: 'cancelled', voided: 'voided', pending: 'pending' },
    undo: { path: '/shipments/:key/cancel', keyOf: (request) => String(request.params['key']) },
    effectOf(key, body) {
      const { success, data } = shipmentRequest.safeParse(body)
      return success ? { trackingNumber: `TRK-${key}`, token: data.service } : undefined
    },
    behaviourOf: behaviourOf({
      prefix: '',
      fine: ['standard', 'express'],
      refused: { refused: 'REFUSED' },
      undoFails: 'cancel_fails',
    }),
    publish: (effects) => ({ shipments: effects.map(({ key, state }) => ({ key, state })) }),
  },
  {
    name: 'payment',
    collection: 'partial-refunds',
    refusalStatus: 422,
    unknownCode: 'UNKNOWN_CHARGE',
    states: { live: 'refunded', undone: 'withdrawn', voided: 'voided', pending: 'pending' },
    undo: { path: '/partial-refunds/:key/withdraw', keyOf: (request) => String(request.params['key']) },
    effectOf(key, body) {
      const { success, data } = partialRefundRequest.safeParse(body)
      return success ? { id: `re_${key}`, ...data } : undefined
    },
    behaviourOf(effect, key, ledger) {
      const charge = ledger.find('charges', String(effect['chargeKey']))
      if (charge?.state !== 'live' || isPending(charge)) return undefined
      const others = ledger
        .entries('partial-refunds')
        .flatMap(([other, entry]) => (entry.state === 'live' && other !== key ? [entry.effect] : []))
        .filter(({ chargeKey }) => chargeKey === effect['chargeKey'])
      const refunded = others.reduce((sum, { amountMinor }) => sum + Number(amountMinor), 0)
      const isTooMuch =
        effect['currency'] !== charge.effect['currency'] ||
        refunded + Number(effect['amountMinor']) > Number(charge.effect['amountMinor'])
      if (isTooMuch) return { refusal: 'EXCEEDS_CHARGE' }
      const { undoFailing = 0 } = behaviourOfCharge(charge.effect) ?? {}
      return { failing: { times: undoFailing, status: 503 } }
    },
    publish: (effects) => ({
      refunds: effects
        .filter(({ undoKey }) => undoKey === undefined)
        .map(({ key, effect }) => ({
          key,
          chargeKey: effect['chargeKey'],
          amountMinor: effect['amountMinor'],
        })),
    }),
  },
]

/** What is charged for a token, where that is not what was asked for. */
const OTHERWISE: Readonly<Record<string, (asked: { amountMinor: number; currency: string }) => object>> = {
  pm_partial: ({ amountMinor }) => ({ amountMinor: Math.ceil(amountMinor / 2) }),
  pm_other_currency: ({ currency }) => ({ currency: currency === 'USD' ? 'EUR' : 'USD' }),
}

const chargeRequest = z.object({
  amountMinor: z.int().positive(),
  currency: z.string().length(3),
  paymentMethod: z.string(),
})
const shipmentRequest = z.object({ service: z.string(), address: z.record(z.string(), z.string()) })
const refundRequest = z.object({ chargeKey: z.string() })
const partialRefundRequest = z.object({
  chargeKey: z.string(),
  amountMinor: z.int().positive(),
  currency: z.string().length(3),
})
