-- The process manager of returns: what customers, operators and the carrier say of a return comes in any order and more
-- than once, days apart. Each message is one function, judged on the return's rows under the lock of its saga: what it
-- says for the first time is recorded and wakes the saga, which then asks return_receive whether its time has come.

-- What of an order can be sent back: [{sku, quantity, unitPriceMinor}]. What is digital cannot; what was asked for before
-- counts, unless that was refused or has expired.
CREATE OR REPLACE FUNCTION order_returnable(p_order uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(jsonb_agg(jsonb_build_object('sku', l.sku, 'quantity', l.quantity - coalesce(gone.quantity, 0),
      'unitPriceMinor', l.unit_price_minor) ORDER BY l.position), '[]')
    FROM order_lines l JOIN products p USING (sku)
    LEFT JOIN (SELECT sku, sum(quantity) AS quantity FROM returns r JOIN return_lines ON return_id = r.id
                WHERE r.order_id = p_order AND r.status NOT IN ('refused', 'expired') GROUP BY sku) gone USING (sku)
   WHERE l.order_id = p_order AND p.kind <> 'digital' AND l.unit_price_minor > 0 AND l.quantity > coalesce(gone.quantity, 0)
$$;

-- The customer asks. p_lines are [{sku, quantity}]; null is all that is left. A return under p_approved_below is approved
-- by rule. Nothing is written unless it is asked for.
-- requested | replayed (the return is the first one) | reused (the key, with another body) | paused (the intake is) |
-- not_returnable | too_much (positions: which lines, from 0). SQLSTATE 55P03 as for idempotency_take. p_trace_parent as
-- for saga_open_traced.
CREATE OR REPLACE FUNCTION return_request_traced(p_id uuid, p_definition text, p_before_pivot text[], p_caller text,
  p_key text, p_body_hash text, p_order uuid, p_lines jsonb, p_reason text, p_approved_below bigint,
  p_deadline_seconds integer, p_trace_parent text,
  OUT verdict text, OUT id uuid, OUT positions integer[]) LANGUAGE plpgsql AS $$
DECLARE
  holder record;
  returnable jsonb;
  beyond integer[];
  chosen jsonb;
  amount bigint;
  its_currency text;
  its_customer text;
  deadline timestamptz;
BEGIN
  positions := '{}';
  -- Two that ask for the same thing come one after the other.
  PERFORM 1 FROM orders o WHERE o.id = p_order FOR NO KEY UPDATE;
  SELECT * INTO holder FROM idempotency_find(p_caller, p_key, p_body_hash);
  IF holder.saga IS NOT NULL THEN
    id := holder.saga;
    verdict := CASE WHEN holder.is_reused THEN 'reused' ELSE 'replayed' END;
    RETURN;
  ELSIF intake_is_paused() THEN
    verdict := 'paused';
    RETURN;
  END IF;
  returnable := order_returnable(p_order);
  IF returnable = '[]' OR NOT EXISTS (SELECT FROM sagas s WHERE s.id = p_order AND s.status = 'completed') THEN
    verdict := 'not_returnable';
    RETURN;
  END IF;
  SELECT array_agg(n - 1) FILTER (WHERE l.sku IS NULL OR l.quantity < (asked->>'quantity')::integer),
         jsonb_agg(jsonb_build_object('sku', l.sku, 'quantity', (asked->>'quantity')::integer,
           'unitPriceMinor', l."unitPriceMinor") ORDER BY n),
         sum((asked->>'quantity')::bigint * l."unitPriceMinor")
    INTO beyond, chosen, amount
    FROM jsonb_array_elements(coalesce(p_lines, returnable)) WITH ORDINALITY AS lines (asked, n)
    LEFT JOIN jsonb_to_recordset(returnable) AS l (sku text, quantity integer, "unitPriceMinor" bigint)
      ON l.sku = asked->>'sku';
  IF beyond IS NOT NULL THEN
    verdict := 'too_much';
    positions := beyond;
    RETURN;
  END IF;
  SELECT * INTO holder FROM idempotency_take(p_caller, p_key, p_body_hash, p_id);
  id := holder.saga;
  IF holder.saga <> p_id THEN
    verdict := CASE WHEN holder.is_reused THEN 'reused' ELSE 'replayed' END;
    RETURN;
  END IF;
  verdict := 'requested';
  SELECT currency, customer_id INTO its_currency, its_customer FROM orders o WHERE o.id = p_order;
  deadline := saga_open_traced(p_id, p_definition, p_before_pivot, p_deadline_seconds, p_trace_parent);
  INSERT INTO returns (id, order_id, customer_id, reason, amount_minor, currency)
  VALUES (p_id, p_order, its_customer, p_reason, amount, its_currency);
  INSERT INTO return_lines (return_id, sku, position, quantity, unit_price_minor)
  SELECT p_id, line->>'sku', n - 1, (line->>'quantity')::integer, (line->>'unitPriceMinor')::bigint
    FROM jsonb_array_elements(chosen) WITH ORDINALITY AS lines (line, n);
  PERFORM saga_advance(p_id, NULL, 'ReturnRequested', jsonb_build_object('orderId', p_order, 'lines', chosen,
    'amountMinor', amount, 'currency', its_currency, 'deadlineAt', deadline), 1);
  IF amount < p_approved_below THEN
    PERFORM return_note_decision(p_id, 'approved', 'rule');
  END IF;
END $$;

-- The same as the release before calls it: without a trace.
CREATE OR REPLACE FUNCTION return_request(p_id uuid, p_definition text, p_before_pivot text[], p_caller text, p_key text,
  p_body_hash text, p_order uuid, p_lines jsonb, p_reason text, p_approved_below bigint, p_deadline_seconds integer,
  OUT verdict text, OUT id uuid, OUT positions integer[]) LANGUAGE sql AS $$
  SELECT * FROM return_request_traced(p_id, p_definition, p_before_pivot, p_caller, p_key, p_body_hash, p_order, p_lines,
    p_reason, p_approved_below, p_deadline_seconds, NULL)
$$;

-- Writes a decision down. The caller has locked the saga.
CREATE OR REPLACE FUNCTION return_note_decision(p_return uuid, p_decision text, p_by text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE returns SET status = p_decision, decision = p_decision, decided_by = p_by, decided_at = clock_timestamp()
   WHERE id = p_return;
  PERFORM saga_advance(p_return, NULL, CASE p_decision WHEN 'approved' THEN 'ReturnApproved' ELSE 'ReturnRefused' END,
    jsonb_build_object('by', p_by), 1);
END $$;

-- An operator decides: p_decision is 'approved' or 'refused'. 'decided', 'same' (it was decided so before), 'not_open' or
-- 'unknown'.
CREATE OR REPLACE FUNCTION return_decide(p_return uuid, p_decision text, p_actor text, p_reason text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  saga sagas;
  before jsonb;
BEGIN
  SELECT * INTO saga FROM sagas WHERE id = p_return FOR UPDATE;
  SELECT jsonb_build_object('status', status, 'decision', decision) INTO before FROM returns WHERE id = p_return;
  IF before IS NULL THEN
    RETURN 'unknown';
  ELSIF before->>'decision' = p_decision AND saga.cancel_wished_at IS NULL THEN
    RETURN 'same';
  ELSIF before->>'decision' IS NOT NULL OR saga.reason_code IS NOT NULL OR saga.cancel_wished_at IS NOT NULL
    OR saga.status IN ('completed', 'rejected', 'cancelled') THEN
    RETURN 'not_open';
  END IF;
  PERFORM return_note_decision(p_return, p_decision, 'operator');
  PERFORM saga_wake(p_return);
  INSERT INTO operator_actions (at, actor, action, saga_id, reason, before, after)
  VALUES (clock_timestamp(), p_actor, CASE p_decision WHEN 'approved' THEN 'approve' ELSE 'refuse' END, p_return, p_reason,
    before, jsonb_build_object('status', p_decision, 'decision', p_decision));
  RETURN 'decided';
END $$;

-- The carrier has received a parcel: before the decision, after it, after the end, or a second time. One of another
-- sender names no return of ours.
CREATE OR REPLACE FUNCTION return_parcel_received(p_return uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  saga sagas;
BEGIN
  SELECT * INTO saga FROM sagas WHERE id = p_return FOR UPDATE;
  UPDATE returns SET parcel_received_at = clock_timestamp() WHERE id = p_return AND parcel_received_at IS NULL;
  IF FOUND THEN
    PERFORM saga_advance(p_return, NULL, 'ParcelReceived', '{}', 1);
    IF saga.status NOT IN ('completed', 'rejected', 'cancelled') THEN
      PERFORM saga_wake(p_return);
    END IF;
  END IF;
END $$;

-- Whether the carrier's list is to be read now, by this process, and from where: a row, or none. While no return is
-- open nobody asks. A process that was killed leaves it to the others after p_claim_seconds.
CREATE OR REPLACE FUNCTION parcel_feed_claim(p_claim_seconds integer) RETURNS TABLE (from_cursor text) LANGUAGE sql AS $$
  UPDATE parcel_feed SET look_at = clock_timestamp() + make_interval(secs => p_claim_seconds)
   WHERE look_at <= clock_timestamp()
     AND EXISTS (SELECT FROM returns WHERE status IN ('requested', 'approved') AND parcel_received_at IS NULL)
  RETURNING cursor
$$;

-- A page of the list was read: what it says is recorded, and where the next page begins. Their locks are taken in the order
-- of the ids, so that two pages that share some come one after the other.
CREATE OR REPLACE FUNCTION parcel_feed_record(p_parcels uuid[], p_cursor text, p_pause_seconds double precision)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  parcel uuid;
BEGIN
  FOR parcel IN SELECT DISTINCT id FROM unnest(p_parcels) AS id ORDER BY id LOOP
    PERFORM return_parcel_received(parcel);
  END LOOP;
  UPDATE parcel_feed SET cursor = p_cursor, look_at = clock_timestamp() + make_interval(secs => p_pause_seconds);
END $$;

-- What the process comes to, as far as all that was said goes; the effect of the pivot. {"refused"} when it was refused;
-- {"awaits"} while the decision or the parcel is missing; {"lines"} when both are there: what was sold is available again,
-- and the return is received. The rows of the stock are locked by SKU first, as everywhere.
CREATE OR REPLACE FUNCTION return_receive(p_return uuid) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  said record;
BEGIN
  SELECT decision, parcel_received_at INTO STRICT said FROM returns WHERE id = p_return;
  IF said.decision = 'refused' THEN
    RETURN '{"refused": {"code": "RETURN_REFUSED", "detail": "The return was refused."}}';
  ELSIF said.decision IS NULL OR said.parcel_received_at IS NULL THEN
    RETURN '{"awaits": {"why": "MESSAGE"}}';
  END IF;
  PERFORM 1 FROM return_lines l JOIN stock s USING (sku) WHERE l.return_id = p_return ORDER BY sku FOR UPDATE OF s;
  UPDATE stock s SET available = s.available + l.quantity, sold = s.sold - l.quantity
    FROM return_lines l WHERE l.return_id = p_return AND s.sku = l.sku;
  INSERT INTO stock_returns (return_id, sku, quantity, recorded_at)
  SELECT p_return, sku, quantity, clock_timestamp() FROM return_lines WHERE return_id = p_return;
  UPDATE returns SET status = 'received' WHERE id = p_return;
  RETURN (SELECT jsonb_build_object('lines', jsonb_agg(jsonb_build_object('sku', sku, 'quantity', quantity) ORDER BY position))
    FROM return_lines WHERE return_id = p_return);
END $$;

-- Takes back the points of what was returned: of an order's total there stays one for every full 100 minor units that were
-- not returned, however many returns there are, and in whichever order they come.
CREATE OR REPLACE FUNCTION return_points(p_return uuid) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  its_order uuid;
  its_customer text;
  total bigint;
  kept bigint;
  taken bigint;
BEGIN
  SELECT o.id, o.customer_id, o.total_minor INTO STRICT its_order, its_customer, total
    FROM returns r JOIN orders o ON o.id = r.order_id WHERE r.id = p_return FOR NO KEY UPDATE OF o;
  SELECT (total - sum(r.amount_minor)::bigint) / 100 INTO kept FROM returns r
   WHERE r.id = p_return OR r.id IN (SELECT return_id FROM loyalty_returns WHERE order_id = its_order);
  SELECT sum(points) - kept INTO taken FROM (
    SELECT points FROM loyalty_entries WHERE order_id = its_order
    UNION ALL SELECT points FROM loyalty_returns WHERE order_id = its_order) AS entries;
  INSERT INTO loyalty_returns (return_id, order_id, customer_id, points, recorded_at)
  VALUES (p_return, its_order, its_customer, -taken, clock_timestamp());
  RETURN jsonb_build_object('points', taken);
END $$;

-- The money is given back, the last that is owed. Returns the return, so that the statement that records the refund calls
-- it.
CREATE OR REPLACE FUNCTION return_refunded(p_return uuid) RETURNS uuid LANGUAGE sql AS $$
  UPDATE returns SET status = 'refunded' WHERE id = p_return RETURNING id
$$;

-- As saga_begin_compensation. A return that has all it waited for is not turned back because its time is over: nobody
-- was there to look. It is received here and now, and the saga goes forward.
CREATE OR REPLACE FUNCTION return_begin_compensation(p_saga uuid, p_code text, p_step text, p_detail text,
  OUT verdict text, OUT undo text[], OUT code text, OUT step text) LANGUAGE plpgsql AS $$
DECLARE
  saga sagas := saga_lock(p_saga);
  outcome jsonb;
BEGIN
  IF p_code = 'DEADLINE_EXCEEDED' AND saga.reason_code IS NULL AND saga.cancel_wished_at IS NULL AND saga.status <> 'completed' THEN
    outcome := return_receive(p_saga);
    IF outcome ? 'lines' THEN
      PERFORM step_settle(p_saga, p_step, 1, 'done', outcome, 'ReturnReceived', outcome, 'completed');
    ELSIF outcome ? 'refused' THEN
      p_code := outcome#>>'{refused,code}';
      p_detail := outcome#>>'{refused,detail}';
    END IF;
  END IF;
  SELECT b.verdict, b.undo, b.code, b.step INTO verdict, undo, code, step
    FROM saga_begin_compensation(p_saga, p_code, p_step, p_detail) b;
  UPDATE returns r SET status = CASE return_begin_compensation.code WHEN 'DEADLINE_EXCEEDED' THEN 'expired' ELSE 'refused' END
   WHERE r.id = p_saga AND verdict <> 'completed' AND r.status IN ('requested', 'approved');
END $$;
