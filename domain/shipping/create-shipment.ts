import { z } from 'zod'
import { providerStep } from '../saga/provider-step.ts'

interface Shipped {
  key: string
  /** The carrier's own name of the shipment. */
  trackingNumber: string
}

/** Of a shipment that was never made there is only the key. */
type Voided = Pick<Shipped, 'key'> & Partial<Shipped>

type ShippingEvents = { ShipmentCreated: Shipped; ShipmentCancelled: Shipped; ShipmentVoided: Voided }

/** Hands an order to the carrier; undone by a cancel. */
export const createShipment = providerStep<ShippingEvents>()({
  name: 'createShipment',
  saga: 'order',
  provider: 'shipping',
  collection: 'shipments',
  request: `
    SELECT jsonb_build_object('service', o.shipping_service, 'address', jsonb_build_object('name', a.name,
        'line1', a.line1, 'city', a.city, 'postalCode', a.postal_code, 'country', a.country)) AS request
      FROM orders o JOIN order_addresses a ON a.order_id = o.id WHERE o.id = $1::uuid`,
  effect: z.object({ trackingNumber: z.string().max(100) }),
  reference: 'trackingNumber',
  states: { live: 'created', undone: 'cancelled' },
  refusals: {
    REFUSED: { code: 'SHIPMENT_REFUSED', detail: 'The carrier refuses this shipment.' },
    UNKNOWN_SERVICE: { code: 'SHIPMENT_REFUSED', detail: 'The carrier does not know this service.' },
  },
  event: 'ShipmentCreated',
  data: ({ trackingNumber }) => ({ trackingNumber }),
  record: `
    INSERT INTO shipments (key, order_id, tracking_number, state)
    SELECT key, saga_id, effect->>'trackingNumber', 'live' FROM happened`,
  undo: {
    name: 'cancelShipment',
    request: (key) => ({ method: 'POST', path: `/shipments/${encodeURIComponent(key)}/cancel` }),
    event: 'ShipmentCancelled',
    voided: 'ShipmentVoided',
    isAsRecorded: ({ trackingNumber }, recorded) => trackingNumber === recorded['trackingNumber'],
    record: `
      INSERT INTO shipments (key, order_id, tracking_number, state)
      SELECT key, saga_id, effect->>'trackingNumber', 'cancelled' FROM happened
      ON CONFLICT (key) DO UPDATE SET state = 'cancelled', updated_at = clock_timestamp()`,
  },
  invariants: [
    {
      // A completed order has one live shipment; one that was turned back has none.
      name: 'shipments',
      violations: `
        SELECT o.id::text AS offender FROM orders o JOIN its_sagas s USING (id)
          LEFT JOIN shipments h ON h.order_id = o.id AND h.state = 'live'
          LEFT JOIN step_fences f ON f.saga_id = o.id AND f.step = 'createShipment'
         WHERE (s.status = 'completed' AND h.key IS NULL)
            OR (s.status IN ('rejected', 'cancelled') AND h.key IS NOT NULL AND f.state IS DISTINCT FROM 'skipped')`,
    },
    {
      name: 'fences',
      violations: `
        SELECT f.saga_id || ' ' || f.step AS offender FROM step_fences f
         WHERE f.step = 'createShipment' AND f.state IN ('done', 'undone') AND (f.state = 'done') <> EXISTS (
           SELECT 1 FROM shipments h WHERE h.order_id = f.saga_id AND h.state = 'live')`,
    },
  ],
  ledger: { check: 'shipments-at-carrier' },
  reconciled: {
    isMoney: false,
    ours: `
      SELECT key, order_id AS saga_id, NULL::bigint AS amount_minor, NULL::text AS currency, state = 'live' AS is_live,
             updated_at AS changed_at FROM shipments`,
  },
})
