import { rowStep } from '../saga/row-step.ts'

type ReturnEvents = { ReturnReceived: { lines: readonly { sku: string; quantity: number }[] } }

/**
 * The pivot of a return: it is approved and its parcel has come, so what was sold is available again, and the money is
 * owed. Until then it waits for those who have something to say; refused with RETURN_REFUSED.
 */
export const restockReturn = rowStep<ReturnEvents>()({
  name: 'restockReturn',
  kind: 'pivot',
  event: 'ReturnReceived',
  effect: `SELECT return_receive(saga_id) AS outcome FROM admitted`,
  refuses: ['RETURN_REFUSED'],
  invariants: [
    {
      // No more comes back than was bought, and what has come back is in stock.
      name: 'returns',
      violations: `
        SELECT 'order-' || r.order_id AS offender FROM returns r JOIN return_lines l ON l.return_id = r.id
          JOIN order_lines o ON o.order_id = r.order_id AND o.sku = l.sku
         WHERE r.status NOT IN ('refused', 'expired')
         GROUP BY r.order_id, l.sku, o.quantity HAVING sum(l.quantity) > o.quantity
        UNION ALL
        SELECT 'return-' || r.id FROM returns r JOIN its_sagas s USING (id) JOIN return_lines l ON l.return_id = r.id
          LEFT JOIN stock_returns m ON m.return_id = l.return_id AND m.sku = l.sku
         WHERE (s.status = 'completed') <> (m.sku IS NOT NULL) OR m.quantity <> l.quantity
        UNION ALL
        SELECT 'return-' || r.id FROM returns r JOIN return_lines l ON l.return_id = r.id
         GROUP BY r.id HAVING sum(l.quantity * l.unit_price_minor) <> r.amount_minor
        UNION ALL
        SELECT 'return-' || r.id FROM returns r JOIN its_sagas s USING (id)
         WHERE (s.status = 'completed') <> (r.status IN ('received', 'refunded'))
            OR (s.status = 'completed' AND (r.decision IS DISTINCT FROM 'approved' OR r.parcel_received_at IS NULL))`,
    },
    {
      // The row is what its events come to.
      name: 'returns',
      violations: `
        SELECT 'return-' || r.id AS offender FROM returns r LEFT JOIN LATERAL (
            SELECT CASE type WHEN 'ReturnRequested' THEN 'requested' WHEN 'ReturnApproved' THEN 'approved'
                WHEN 'ReturnRefused' THEN 'refused' WHEN 'ReturnReceived' THEN 'received' WHEN 'ReturnRefunded' THEN 'refunded'
                ELSE CASE data->>'code' WHEN 'DEADLINE_EXCEEDED' THEN 'expired' ELSE 'refused' END END AS status
              FROM events WHERE stream_id = 'return-' || r.id AND type IN ('ReturnRequested', 'ReturnApproved',
                'ReturnRefused', 'ReturnReceived', 'ReturnRefunded', 'CompensationBegun')
             ORDER BY version DESC LIMIT 1) told ON true
         WHERE told.status IS DISTINCT FROM r.status`,
    },
  ],
})
