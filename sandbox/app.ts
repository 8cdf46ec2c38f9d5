import express, { type ErrorRequestHandler, type Express } from 'express'
import { z } from 'zod'
import { paymentBehaviour, shippingBehaviour } from './behaviour.ts'
import { createFaultSwitch, faultsSchema } from './faults.ts'
import type { Ledger } from './ledger.ts'
import { createProvider, type ProviderKind } from './provider.ts'

const chargeRequest = z.object({
  amountMinor: z.int().positive(),
  currency: z.string().length(3),
  paymentMethod: z.string(),
})
const shipmentRequest = z.object({ service: z.string(), address: z.record(z.string(), z.string()) })
const refundRequest = z.object({ chargeKey: z.string() })

const payment: ProviderKind = {
  name: 'payment',
  collection: 'charges',
  refusalStatus: 402,
  unknownCode: 'UNKNOWN_METHOD',
  states: { live: 'charged', undone: 'refunded' },
  undo: { path: '/refunds', keyOf: (request) => refundRequest.safeParse(request.body).data?.chargeKey },
  effectOf(key, body) {
    const { success, data } = chargeRequest.safeParse(body)
    if (!success) return undefined
    const { amountMinor, currency, paymentMethod: token } = data
    return { effect: { id: `ch_${key}`, amountMinor, currency, token }, behaviour: paymentBehaviour(token) }
  },
  behaviourOf: ({ token }) => paymentBehaviour(String(token)),
}

const shipping: ProviderKind = {
  name: 'shipping',
  collection: 'shipments',
  refusalStatus: 422,
  unknownCode: 'UNKNOWN_SERVICE',
  states: { live: 'created', undone: 'cancelled' },
  undo: { path: '/shipments/:key/cancel', keyOf: (request) => String(request.params['key']) },
  effectOf(key, body) {
    const { success, data } = shipmentRequest.safeParse(body)
    if (!success) return undefined
    return {
      effect: { trackingNumber: `TRK-${key}`, token: data.service },
      behaviour: shippingBehaviour(data.service),
    }
  },
  behaviourOf: ({ token }) => shippingBehaviour(String(token)),
}

/**
 * The outside world, for development: a payment gateway and a carrier behind one address, with a ledger to look at
 * and faults to switch on.
 */
export function createSandbox(ledger: Ledger): Express {
  const app = express()
  const faults = createFaultSwitch()
  app.disable('x-powered-by')
  app.use(express.json({ limit: '64kb' }))
  app.get('/livez', (_request, response) => void response.json({ status: 'ok' }))
  app.get('/ledger', (_request, response) => void response.json(publishLedger(ledger)))
  app
    .route('/faults')
    .get((_request, response) => void response.json(faults.current()))
    .put((request, response) => {
      const { success, data } = faultsSchema.safeParse(request.body)
      if (!success) return void response.status(422).json({ code: 'INVALID_FAULTS' })
      faults.set(data)
      response.json(data)
    })
    .delete((_request, response) => {
      faults.set(faultsSchema.parse({}))
      response.json(faults.current())
    })
  app.use(createProvider(payment, ledger, faults))
  app.use(createProvider(shipping, ledger, faults))
  app.use((_request, response) => void response.status(404).json({ code: 'NOT_FOUND' }))
  app.use(answerBadRequest)
  return app
}

/** One row per key that had an effect: no declines, no attempts, no tombstones. */
function publishLedger(ledger: Ledger) {
  const effects = (collection: 'charges' | 'shipments') =>
    ledger
      .entries(collection)
      .flatMap(([key, entry]) => (entry.state === 'voided' ? [] : [{ key, ...entry }]))
  const charges = effects('charges')
  return {
    charges: charges.map(({ key, effect, state }) => ({
      key,
      amountMinor: effect['amountMinor'],
      currency: effect['currency'],
      state: payment.states[state],
    })),
    refunds: charges.flatMap(({ key, effect, undoKey }) =>
      undoKey === undefined ? [] : [{ key: undoKey, chargeKey: key, amountMinor: effect['amountMinor'] }],
    ),
    shipments: effects('shipments').map(({ key, state }) => ({ key, state: shipping.states[state] })),
  }
}

/** Four parameters: that is how Express knows it. */
const answerBadRequest: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (response.headersSent) return next(error)
  const isTheirs = error instanceof SyntaxError || error instanceof URIError
  response.status(isTheirs ? 400 : 500).json({ code: isTheirs ? 'MALFORMED' : 'INTERNAL' })
}
