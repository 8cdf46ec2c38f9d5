-- An order as it was placed: the part of it that never changes.
CREATE OR REPLACE FUNCTION placed_order(p_id uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object('id', o.id, 'definition', definition, 'coordination', coordination, 'customerId', customer_id,
    'currency', currency,
    'totalMinor', total_minor, 'giftWrap', gift_wrap, 'createdAt', created_at, 'deadlineAt', deadline_at, 'lines', (
      SELECT jsonb_agg(jsonb_build_object('sku', sku, 'quantity', quantity, 'unitPriceMinor', unit_price_minor)
        ORDER BY position) FROM order_lines WHERE order_id = o.id))
    FROM orders o JOIN sagas s USING (id) WHERE o.id = p_id
$$;

-- Places an order: its saga, the order, its lines and address, the idempotency key, OrderPlaced and its outbox row,
-- or nothing at all. Prices come from the catalogue. p_order is the body of the request. p_slips are the definitions that
-- may run it, {"physical", "digital"}, each {"definition", "beforePivot"}: the latter, where there is one, when every
-- product is digital. Then no address is kept.
--   placed | replayed (the order is the first one) | reused (the key, with another body) | paused (the intake is) |
--   unknown_sku | inactive_sku | foreign_currency (positions: which lines, from 0) | shipping_missing | total_mismatch
-- SQLSTATE 55P03 as for idempotency_take. p_trace_parent as for saga_open_traced.
CREATE OR REPLACE FUNCTION order_place_traced(p_id uuid, p_slips jsonb, p_caller text, p_key text, p_body_hash text,
  p_order jsonb, p_deadline_seconds integer, p_trace_parent text,
  OUT verdict text, OUT placed jsonb, OUT positions integer[]) LANGUAGE plpgsql AS $$
DECLARE
  holder record;
  priced jsonb;
  total bigint;
  unknown integer[];
  inactive integer[];
  foreign_currency integer[];
  slip jsonb;
  is_shipped boolean;
  is_wrapped boolean := coalesce((p_order->>'giftWrap')::boolean, false);
  is_choreographed boolean := coalesce(p_order->>'coordination' = 'choreography', false);
  service text;
  deadline timestamptz;
BEGIN
  positions := '{}';
  SELECT * INTO holder FROM idempotency_find(p_caller, p_key, p_body_hash);
  IF holder.saga IS NULL THEN
    IF intake_is_paused() THEN
      verdict := 'paused';
      RETURN;
    END IF;
    SELECT sum(p.price_minor * (line->>'quantity')::integer),
           jsonb_agg(jsonb_build_object('sku', p.sku, 'quantity', (line->>'quantity')::integer,
             'unitPriceMinor', p.price_minor) ORDER BY n),
           array_agg(n - 1) FILTER (WHERE p.sku IS NULL),
           array_agg(n - 1) FILTER (WHERE NOT p.active),
           array_agg(n - 1) FILTER (WHERE p.currency <> p_order->>'currency'),
           NOT (p_slips ? 'digital' AND bool_and(p.kind = 'digital'))
      INTO total, priced, unknown, inactive, foreign_currency, is_shipped
      FROM jsonb_array_elements(p_order->'lines') WITH ORDINALITY AS lines (line, n)
      LEFT JOIN products p ON p.sku = line->>'sku';
    verdict := CASE
      WHEN unknown IS NOT NULL THEN 'unknown_sku'
      WHEN inactive IS NOT NULL THEN 'inactive_sku'
      WHEN foreign_currency IS NOT NULL THEN 'foreign_currency'
      WHEN is_shipped AND p_order->'shipping' IS NULL THEN 'shipping_missing'
      WHEN (p_order->>'expectedTotalMinor')::bigint <> total THEN 'total_mismatch' END;
    IF verdict IS NOT NULL THEN
      positions := coalesce(unknown, inactive, foreign_currency, positions);
      RETURN;
    END IF;
    SELECT * INTO holder FROM idempotency_take(p_caller, p_key, p_body_hash, p_id);
  END IF;
  IF holder.saga <> p_id THEN
    verdict := CASE WHEN holder.is_reused THEN 'reused' ELSE 'replayed' END;
    placed := placed_order(holder.saga);
    RETURN;
  END IF;

  slip := p_slips->(CASE WHEN is_shipped THEN 'physical' ELSE 'digital' END);
  service := CASE WHEN is_shipped THEN p_order#>>'{shipping,service}' ELSE 'none' END;
  deadline := saga_open_traced(p_id, slip->>'definition',
    ARRAY(SELECT jsonb_array_elements_text(slip->'beforePivot')), p_deadline_seconds, p_trace_parent);
  -- Without a workflow: OrderPlaced is what starts it.
  IF is_choreographed THEN
    DELETE FROM saga_starts WHERE saga_id = p_id;
    UPDATE sagas SET coordination = 'choreography' WHERE id = p_id;
  END IF;
  INSERT INTO orders (id, customer_id, currency, total_minor, payment_method, shipping_service, gift_wrap)
  VALUES (p_id, p_order->>'customerId', p_order->>'currency', total, p_order->>'paymentMethod', service, is_wrapped);
  INSERT INTO order_lines (order_id, sku, position, quantity, unit_price_minor)
  SELECT p_id, line->>'sku', n - 1, (line->>'quantity')::integer, (line->>'unitPriceMinor')::bigint
    FROM jsonb_array_elements(priced) WITH ORDINALITY AS lines (line, n);
  INSERT INTO order_addresses (order_id, name, line1, city, postal_code, country)
  SELECT p_id, a.name, a.line1, a.city, a."postalCode", a.country
    FROM jsonb_to_record(p_order#>'{shipping,address}')
      AS a (name text, line1 text, city text, "postalCode" text, country text)
   WHERE is_shipped;
  PERFORM saga_advance(p_id, NULL, 'OrderPlaced', jsonb_build_object(
    'customerId', p_order->>'customerId', 'currency', p_order->>'currency', 'totalMinor', total, 'lines', priced,
    'shippingService', service, 'deadlineAt', deadline)
    || CASE WHEN is_wrapped THEN '{"giftWrap": true}' ELSE '{}' END::jsonb
    || CASE WHEN is_choreographed THEN '{"coordination": "choreography"}' ELSE '{}' END::jsonb, 1);
  verdict := 'placed';
  placed := placed_order(p_id);
END $$;

-- The same as the release before calls it: without a trace.
CREATE OR REPLACE FUNCTION order_place(p_id uuid, p_slips jsonb, p_caller text, p_key text, p_body_hash text,
  p_order jsonb, p_deadline_seconds integer, OUT verdict text, OUT placed jsonb, OUT positions integer[])
LANGUAGE sql AS $$
  SELECT * FROM order_place_traced(p_id, p_slips, p_caller, p_key, p_body_hash, p_order, p_deadline_seconds, NULL)
$$;

-- The same as a release before that calls it: an order of the one definition that it knows.
CREATE OR REPLACE FUNCTION place_order(p_id uuid, p_definition text, p_caller text, p_key text, p_body_hash text,
  p_order jsonb, p_before_pivot text[], p_deadline_seconds integer, OUT verdict text, OUT placed jsonb, OUT positions integer[])
LANGUAGE plpgsql AS $$
BEGIN
  SELECT o.verdict, o.placed - 'definition' - 'coordination' - 'giftWrap', o.positions INTO verdict, placed, positions
    FROM order_place(p_id, jsonb_build_object('physical', jsonb_build_object(
      'definition', p_definition, 'beforePivot', p_before_pivot)), p_caller, p_key, p_body_hash, p_order,
      p_deadline_seconds) o;
END $$;
