/**
 * The query for the orders that have ended since the moment $1, as `id`, `status`, `created_at` and `ended_at`; $2 are
 * the names of pivots. A completed order still moves after its end, when its customer is notified: it ended when its
 * pivot was done. Every move is at or after the end, so the index by the last move has all of them.
 */
export const ORDERS_ENDED = `
  SELECT s.id, s.status, s.created_at, e.ended_at
    FROM sagas s LEFT JOIN step_fences f
      ON f.saga_id = s.id AND f.step = ANY ($2::text[]) AND f.state = 'done' AND s.status = 'completed'
    CROSS JOIN LATERAL (SELECT coalesce(f.updated_at, s.updated_at) AS ended_at) AS e
   WHERE s.status IN ('completed', 'rejected', 'cancelled') AND s.definition LIKE 'order@%'
     AND s.updated_at >= $1::timestamptz AND e.ended_at >= $1::timestamptz`
