import { rowStep } from '../saga/row-step.ts'

type ReturnEvents = { ReturnPointsRevoked: { points: number } }

/** Takes back the points of what was returned. */
export const revokeReturnPoints = rowStep<ReturnEvents>()({
  name: 'revokeReturnPoints',
  kind: 'retriable',
  event: 'ReturnPointsRevoked',
  effect: `SELECT return_points(saga_id) AS outcome FROM admitted`,
  invariants: [
    {
      // Of an order there is a point for every full 100 minor units that were not returned.
      name: 'loyalty',
      violations: `
        SELECT o.id::text AS offender FROM orders o
          JOIN (SELECT order_id, sum(points) AS points FROM loyalty_returns GROUP BY order_id) back ON back.order_id = o.id
          JOIN (SELECT r.order_id, sum(r.amount_minor) AS amount FROM returns r JOIN loyalty_returns p ON p.return_id = r.id
                 GROUP BY r.order_id) gone ON gone.order_id = o.id
         WHERE o.total_minor / 100 + back.points <> (o.total_minor - gone.amount::bigint) / 100
        UNION ALL
        SELECT 'return-' || f.saga_id || ' ' || f.step FROM step_fences f
         WHERE f.step = 'revokeReturnPoints' AND (f.state = 'done') <> EXISTS (
           SELECT FROM loyalty_returns p WHERE p.return_id = f.saga_id)`,
    },
  ],
})
