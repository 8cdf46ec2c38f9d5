import { z } from 'zod'
import { providerStep } from '../saga/provider-step.ts'
import { isSameMoney } from './money.ts'

/** What the events say about a charge. */
interface Paid {
  key: string
  /** The gateway's own name of the charge. */
  providerRef: string
  /** In minor units. */
  amountMinor: number
  currency: string
}

/** Of a charge that was never made there is only the key; one that was made wrong, and undone, is named in full. */
type Voided = Pick<Paid, 'key'> & Partial<Paid>

type PaymentEvents = { PaymentCharged: Paid; PaymentRefunded: Paid; PaymentVoided: Voided }

/** Charges an order's total to the customer's payment method; undone by a refund. */
export const chargePayment = providerStep<PaymentEvents>()({
  name: 'chargePayment',
  saga: 'order',
  provider: 'payment',
  collection: 'charges',
  request: `
    SELECT jsonb_build_object('amountMinor', total_minor, 'currency', currency, 'paymentMethod', payment_method) AS request
      FROM orders WHERE id = $1::uuid`,
  effect: z.object({ id: z.string().max(100), amountMinor: z.int(), currency: z.string().length(3) }),
  reference: 'id',
  states: { live: 'charged', undone: 'refunded', pending: 'pending' },
  isAsAsked: isSameMoney,
  refusals: {
    DECLINED: { code: 'PAYMENT_DECLINED', detail: 'The payment was declined.' },
    INSUFFICIENT_FUNDS: { code: 'INSUFFICIENT_FUNDS', detail: 'The payment method lacks the funds.' },
    UNKNOWN_METHOD: {
      code: 'PAYMENT_METHOD_UNKNOWN',
      detail: 'The payment gateway does not know this payment method.',
    },
  },
  event: 'PaymentCharged',
  data: ({ id, amountMinor, currency }) => ({ providerRef: id, amountMinor, currency }),
  record: `
    INSERT INTO charges (key, order_id, provider_ref, amount_minor, currency, state)
    SELECT key, saga_id, effect->>'id', (effect->>'amountMinor')::bigint, effect->>'currency', 'live' FROM happened`,
  undo: {
    name: 'refundPayment',
    request: (key) => ({ method: 'POST', path: '/refunds', body: { chargeKey: key } }),
    event: 'PaymentRefunded',
    voided: 'PaymentVoided',
    isAsRecorded: isSameMoney,
    record: `
      INSERT INTO charges (key, order_id, provider_ref, amount_minor, currency, state)
      SELECT key, saga_id, effect->>'id', (effect->>'amountMinor')::bigint, effect->>'currency', 'refunded' FROM happened
      ON CONFLICT (key) DO UPDATE SET state = 'refunded', updated_at = clock_timestamp()`,
  },
  invariants: [
    {
      // A completed order has one live charge of its total; one that was turned back has none.
      name: 'money',
      violations: `
        SELECT o.id::text AS offender FROM orders o JOIN its_sagas s USING (id)
          LEFT JOIN charges c ON c.order_id = o.id AND c.state = 'live'
          LEFT JOIN step_fences f ON f.saga_id = o.id AND f.step = 'chargePayment'
         WHERE (s.status = 'completed' AND (c.key IS NULL OR c.amount_minor <> o.total_minor OR c.currency <> o.currency))
            OR (s.status IN ('rejected', 'cancelled') AND c.key IS NOT NULL AND f.state IS DISTINCT FROM 'skipped')`,
    },
    {
      name: 'fences',
      violations: `
        SELECT f.saga_id || ' ' || f.step AS offender FROM step_fences f
         WHERE f.step = 'chargePayment' AND f.state IN ('done', 'undone') AND (f.state = 'done') <> EXISTS (
           SELECT 1 FROM charges c WHERE c.order_id = f.saga_id AND c.state = 'live')`,
    },
  ],
  ledger: {
    check: 'money-at-gateway',
    isRight: (entry, asked) => isSameMoney(asked, entry),
  },
  reconciled: {
    isMoney: true,
    ours: `
      SELECT key, order_id AS saga_id, amount_minor, currency, state = 'live' AS is_live, updated_at AS changed_at
        FROM charges`,
  },
})
