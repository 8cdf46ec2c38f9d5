import type { Database } from '../../prisma/client.ts'
import { attemptStep, attemptUndo, type ProviderStep, type Reach } from '../saga/provider-step.ts'
import type { Attempt } from '../provider/protocol.ts'
import type { StepRow } from '../saga/step-answer.ts'
import type { Carrier, ProviderShipment, ShipmentRequest } from './carrier.ts'

interface ShipmentIntent extends StepRow {
  service: string
  address: ShipmentRequest['address']
}

export function createShipping({ db, carrier, reach }: { db: Database; carrier: Carrier; reach: Reach }) {
  const step = shipmentStep(db, carrier)
  return {
    createShipment: (orderId: string, attempt: Attempt) => attemptStep(step, orderId, attempt, reach),
    cancelShipment: (orderId: string, attempt: Attempt) => attemptUndo(step, orderId, attempt, reach),
  }
}

const shipmentStep = (
  db: Database,
  provider: Carrier,
): ProviderStep<ShipmentIntent, ShipmentRequest, ProviderShipment> => ({
  name: 'createShipment',
  undoName: 'cancelShipment',
  provider,

  intend: (orderId, attemptNumber) => db.$queryRaw`
    SELECT verdict, answer, o.shipping_service AS service, jsonb_build_object(
        'name', a.name, 'line1', a.line1, 'city', a.city, 'postalCode', a.postal_code, 'country', a.country) AS address
      FROM step_intend(${orderId}::uuid, 'createShipment', ${attemptNumber}::integer)
      JOIN orders o ON o.id = ${orderId}::uuid
      JOIN order_addresses a ON a.order_id = o.id`,

  request: ({ service, address }) => ({ service, address }),

  conclude: (orderId, key, attemptNumber, outcome) => db.$queryRaw`
    WITH concluded AS MATERIALIZED (
      SELECT step_conclude(${orderId}::uuid, 'createShipment', ${attemptNumber}::integer, ${outcome.state},
        ${JSON.stringify(outcome.state === 'done' ? outcome.effect : outcome)}::jsonb,
        'ShipmentCreated', ${JSON.stringify(outcome.state === 'done' ? { key, ...outcome.effect } : {})}::jsonb) AS verdict
    ), shipped AS (
      INSERT INTO shipments (key, order_id, tracking_number, state)
      SELECT ${key}, ${orderId}::uuid, ${outcome.state === 'done' ? outcome.effect.trackingNumber : ''}, 'live'
        FROM concluded WHERE verdict = 'concluded' AND ${outcome.state} = 'done'
    ) SELECT verdict FROM concluded`,

  enterUndo: (orderId, attemptNumber) => db.$queryRaw`
    SELECT verdict FROM undo_enter(${orderId}::uuid, 'createShipment', ${attemptNumber}::integer)`,

  // A shipment whose number never reached us is first seen here: it is kept, as cancelled.
  settleUndo: (orderId, key, finality) => db.$queryRaw`
    WITH settled AS MATERIALIZED (
      SELECT undo_settle(${orderId}::uuid, 'createShipment',
        ${finality.kind === 'undone' ? 'ShipmentCancelled' : 'ShipmentVoided'},
        ${JSON.stringify(finality.kind === 'undone' ? { key, ...finality.undone } : {})}::jsonb) AS is_now
    ), cancelled AS (
      INSERT INTO shipments (key, order_id, tracking_number, state)
      SELECT ${key}, ${orderId}::uuid, ${finality.kind === 'undone' ? finality.undone.trackingNumber : ''}, 'cancelled'
        FROM settled WHERE is_now AND ${finality.kind === 'undone'}::boolean
      ON CONFLICT (key) DO UPDATE SET state = 'cancelled', updated_at = clock_timestamp()
    ) SELECT 1 FROM settled`,
})
