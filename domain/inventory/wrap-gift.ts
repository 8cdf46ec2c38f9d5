import { rowStep } from '../saga/row-step.ts'

type WrappingEvents = { GiftWrapped: { items: number }; GiftUnwrapped: { items: number } }

/** Wraps what was reserved; undone by taking it out again, before it goes back to the shelf. */
export const wrapGift = rowStep<WrappingEvents>()({
  name: 'wrapGift',
  event: 'GiftWrapped',
  effect: `
    INSERT INTO gift_wrappings (order_id, kind, items)
    SELECT order_id, 'wrapped', sum(quantity) FROM admitted JOIN order_lines ON order_id = saga_id GROUP BY order_id
    RETURNING jsonb_build_object('items', items) AS outcome`,
  undo: {
    name: 'unwrapGift',
    event: 'GiftUnwrapped',
    effect: `
      INSERT INTO gift_wrappings (order_id, kind, items)
      SELECT saga_id, 'unwrapped', (answer->>'items')::integer FROM admitted
      RETURNING jsonb_build_object('items', items) AS outcome`,
  },
  invariants: [
    {
      // A completed order is wrapped; one that was turned back is not.
      name: 'gift-wrappings',
      violations: `
        SELECT s.id::text AS offender FROM its_sagas s
          LEFT JOIN gift_wrappings w ON w.order_id = s.id AND w.kind = 'wrapped'
          LEFT JOIN gift_wrappings u ON u.order_id = s.id AND u.kind = 'unwrapped'
          LEFT JOIN step_fences f ON f.saga_id = s.id AND f.step = 'wrapGift'
         WHERE (s.status = 'completed' AND (w.kind IS NULL OR u.kind IS NOT NULL))
            OR (s.status IN ('rejected', 'cancelled') AND (w.kind IS NULL) <> (u.kind IS NULL)
                AND f.state IS DISTINCT FROM 'skipped')`,
    },
    {
      name: 'fences',
      violations: `
        SELECT f.saga_id || ' ' || f.step AS offender FROM step_fences f
         WHERE f.step = 'wrapGift' AND f.state = 'done' AND NOT EXISTS (
           SELECT 1 FROM gift_wrappings w WHERE w.order_id = f.saga_id AND w.kind = 'wrapped')`,
    },
  ],
})
