import { rowStep } from '../saga/row-step.ts'

type LoyaltyEvents = { PointsAwarded: { points: number }; PointsRevoked: { points: number } }

/** One point for every full 100 minor units of an order's total. The ledger of points is append-only. */
export const awardPoints = rowStep<LoyaltyEvents>()({
  name: 'awardPoints',
  event: 'PointsAwarded',
  effect: `
    INSERT INTO loyalty_entries (order_id, kind, customer_id, points)
    SELECT id, 'awarded', customer_id, total_minor / 100 FROM admitted JOIN orders ON id = saga_id
    RETURNING jsonb_build_object('points', points) AS outcome`,
  undo: {
    name: 'revokePoints',
    event: 'PointsRevoked',
    effect: `
      INSERT INTO loyalty_entries (order_id, kind, customer_id, points)
      SELECT id, 'revoked', customer_id, -(answer->>'points')::bigint FROM admitted JOIN orders ON id = saga_id
      RETURNING jsonb_build_object('points', -points) AS outcome`,
  },
  invariants: [
    {
      // A completed order has its points; one that was turned back has none left.
      name: 'loyalty',
      violations: `
        SELECT o.id::text AS offender FROM orders o JOIN its_sagas s USING (id)
          LEFT JOIN (
            SELECT order_id, sum(points) AS points FROM loyalty_entries GROUP BY order_id) e ON e.order_id = o.id
          LEFT JOIN step_fences f ON f.saga_id = o.id AND f.step = 'awardPoints'
         WHERE (s.status = 'completed' AND e.points IS DISTINCT FROM o.total_minor / 100)
            OR (s.status IN ('rejected', 'cancelled') AND coalesce(e.points, 0) <> 0
                AND f.state IS DISTINCT FROM 'skipped')`,
    },
    {
      name: 'fences',
      violations: `
        SELECT f.saga_id || ' ' || f.step AS offender FROM step_fences f
         WHERE f.step = 'awardPoints' AND f.state = 'done' AND NOT EXISTS (
           SELECT 1 FROM loyalty_entries e WHERE e.order_id = f.saga_id AND e.kind = 'awarded')`,
    },
  ],
})
