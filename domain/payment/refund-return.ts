import { z } from 'zod'
import { returnStepKey } from '../saga/ids.ts'
import { providerStep } from '../saga/provider-step.ts'
import { isSameMoney } from './money.ts'

/** What the events say about the money that is given back for a return. */
interface GivenBack {
  key: string
  /** The gateway's own name of the refund. */
  providerRef: string
  /** In minor units. */
  amountMinor: number
  currency: string
}

type ReturnEvents = {
  ReturnRefunded: GivenBack
  ReturnRefundVoided: Pick<GivenBack, 'key'> & Partial<GivenBack>
}

/** Gives back what was paid for what came back: a part of the order's charge, under a key of the return. */
export const refundReturn = providerStep<ReturnEvents>()({
  name: 'refundReturn',
  kind: 'retriable',
  saga: 'return',
  async keyOf(db, returnId, activity) {
    const { orderId } = await db.return.findUniqueOrThrow({
      where: { id: returnId },
      select: { orderId: true },
    })
    return returnStepKey(orderId, returnId, activity)
  },
  provider: 'payment',
  collection: 'partial-refunds',
  request: `
    SELECT jsonb_build_object('chargeKey', c.key, 'amountMinor', r.amount_minor, 'currency', r.currency) AS request
      FROM returns r JOIN charges c ON c.order_id = r.order_id AND c.state = 'live' WHERE r.id = $1::uuid`,
  effect: z.object({ id: z.string().max(200), amountMinor: z.int(), currency: z.string().length(3) }),
  reference: 'id',
  states: { live: 'refunded', undone: 'withdrawn' },
  isAsAsked: isSameMoney,
  refusals: {
    EXCEEDS_CHARGE: {
      code: 'REFUND_EXCEEDS_CHARGE',
      detail: 'The charge is not as large as what is to be given back.',
    },
    UNKNOWN_CHARGE: { code: 'CHARGE_UNKNOWN', detail: 'The gateway does not know the charge.' },
  },
  event: 'ReturnRefunded',
  data: ({ id, amountMinor, currency }) => ({ providerRef: id, amountMinor, currency }),
  record: `
    INSERT INTO refunds (key, return_id, provider_ref, amount_minor, currency)
    SELECT key, return_refunded(saga_id), effect->>'id', (effect->>'amountMinor')::bigint, effect->>'currency' FROM happened`,
  // Nothing turns a return back after its pivot: only a refund that is not what was asked for is withdrawn.
  undo: {
    name: 'withdrawRefund',
    request: (key) => ({ method: 'POST', path: `/partial-refunds/${encodeURIComponent(key)}/withdraw` }),
    event: 'ReturnRefundVoided',
    voided: 'ReturnRefundVoided',
    isAsRecorded: isSameMoney,
  },
  invariants: [
    {
      // What was given back is what came back, and never more than was charged.
      name: 'money',
      violations: `
        SELECT 'return-' || r.id AS offender FROM returns r LEFT JOIN refunds m ON m.return_id = r.id
         WHERE (r.status = 'refunded') <> (m.key IS NOT NULL) OR m.amount_minor <> r.amount_minor OR m.currency <> r.currency
        UNION ALL
        SELECT r.order_id::text FROM refunds m JOIN returns r ON r.id = m.return_id JOIN orders o ON o.id = r.order_id
         GROUP BY r.order_id, o.total_minor HAVING sum(m.amount_minor) > o.total_minor
        UNION ALL
        SELECT 'return-' || f.saga_id || ' ' || f.step FROM step_fences f
         WHERE f.step = 'refundReturn' AND (f.state = 'done') <> EXISTS (
           SELECT FROM refunds m WHERE m.return_id = f.saga_id)`,
    },
  ],
  ledger: {
    check: 'refunds-at-gateway',
    collection: 'refunds',
    live: undefined,
    isRight: (entry, asked) => entry['amountMinor'] === asked.amountMinor,
  },
  reconciled: {
    isMoney: true,
    ours: `
      SELECT key, return_id AS saga_id, amount_minor, currency, true AS is_live, recorded_at AS changed_at FROM refunds`,
  },
})
