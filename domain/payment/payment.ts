import type { Database } from '../../prisma/client.ts'
import { toMinor } from '../money.ts'
import { attemptStep, attemptUndo, type ProviderStep, type Reach } from '../saga/provider-step.ts'
import type { Attempt } from '../provider/protocol.ts'
import type { StepRow } from '../saga/step-answer.ts'
import type { ChargeRequest, PaymentGateway, ProviderCharge } from './gateway.ts'

interface ChargeIntent extends StepRow {
  totalMinor: bigint
  currency: string
  paymentMethod: string
}

export function createPayment({
  db,
  gateway,
  reach,
}: {
  db: Database
  gateway: PaymentGateway
  reach: Reach
}) {
  const step = chargeStep(db, gateway)
  return {
    chargePayment: (orderId: string, attempt: Attempt) => attemptStep(step, orderId, attempt, reach),
    refundPayment: (orderId: string, attempt: Attempt) => attemptUndo(step, orderId, attempt, reach),
  }
}

const chargeStep = (
  db: Database,
  provider: PaymentGateway,
): ProviderStep<ChargeIntent, ChargeRequest, ProviderCharge> => ({
  name: 'chargePayment',
  undoName: 'refundPayment',
  provider,

  intend: (orderId, attemptNumber) => db.$queryRaw`
    SELECT verdict, answer, total_minor AS "totalMinor", currency, payment_method AS "paymentMethod"
      FROM step_intend(${orderId}::uuid, 'chargePayment', ${attemptNumber}::integer)
      JOIN orders ON id = ${orderId}::uuid`,

  request: ({ totalMinor, currency, paymentMethod }) => ({
    amountMinor: toMinor(totalMinor),
    currency,
    paymentMethod,
  }),

  conclude: (orderId, key, attemptNumber, outcome) => db.$queryRaw`
    WITH concluded AS MATERIALIZED (
      SELECT step_conclude(${orderId}::uuid, 'chargePayment', ${attemptNumber}::integer, ${outcome.state},
        ${JSON.stringify(outcome.state === 'done' ? outcome.effect : outcome)}::jsonb, 'PaymentCharged', ${JSON.stringify(outcome.state === 'done' ? paid(key, outcome.effect) : {})}::jsonb) AS verdict
    ), charged AS (
      INSERT INTO charges (key, order_id, provider_ref, amount_minor, currency, state)
      SELECT ${key}, ${orderId}::uuid, c.id, c."amountMinor", c.currency, 'live'
        FROM concluded, jsonb_to_record(${JSON.stringify(outcome.state === 'done' ? outcome.effect : outcome)}::jsonb)
          AS c (id text, "amountMinor" bigint, currency text)
       WHERE verdict = 'concluded' AND c.id IS NOT NULL
    ) SELECT verdict FROM concluded`,

  enterUndo: (orderId, attemptNumber) => db.$queryRaw`
    SELECT verdict FROM undo_enter(${orderId}::uuid, 'chargePayment', ${attemptNumber}::integer)`,

  // A charge whose answer never reached us is first seen here: it is kept, as refunded.
  settleUndo: (orderId, key, finality) => db.$queryRaw`
    WITH settled AS MATERIALIZED (
      SELECT undo_settle(${orderId}::uuid, 'chargePayment',
        ${finality.kind === 'undone' ? 'PaymentRefunded' : 'PaymentVoided'},
        ${JSON.stringify(finality.kind === 'undone' ? paid(key, finality.undone) : {})}::jsonb) AS is_now
    ), refunded AS (
      INSERT INTO charges (key, order_id, provider_ref, amount_minor, currency, state)
      SELECT ${key}, ${orderId}::uuid, r.id, r."amountMinor", r.currency, 'refunded'
        FROM settled, jsonb_to_record(${JSON.stringify(finality.kind === 'undone' ? finality.undone : {})}::jsonb)
          AS r (id text, "amountMinor" bigint, currency text)
       WHERE is_now AND r.id IS NOT NULL
      ON CONFLICT (key) DO UPDATE SET state = 'refunded', updated_at = clock_timestamp()
    ) SELECT 1 FROM settled`,
})

/** What the events tell of a charge. */
const paid = (key: string, { amountMinor, currency }: ProviderCharge) => ({ key, amountMinor, currency })
