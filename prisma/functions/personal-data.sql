-- What is personal is erased: a customer's, because that is wished, and that of old orders. Money, lines, events and who
-- did what stay. Only sagas that have ended are erased: a step that is still to come may need the address.
--
-- A page is 500 sagas at most, each found by its key, so that it holds its locks for moments and is as quick with a
-- million orders; the plans of its functions are those for large tables, whatever was last known of their sizes. A row
-- that another session holds for long fails the page, which is done again: SQLSTATE 55P03 (lock_not_available).

-- Erases what is personal of these sagas, which have ended, and the reasons that were given for what was done to the
-- customer, where one is named. Safe to repeat. Rows are locked in the order of the ids, the orders first: two pages
-- that share orders come one after the other.
CREATE OR REPLACE FUNCTION personal_data_erase(p_sagas uuid[], p_customer text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  streams text[] := ARRAY(SELECT kind || id FROM unnest(p_sagas) AS id, unnest(ARRAY['order-', 'transfer-', 'return-']) AS kind);
  targets text[] := ARRAY(SELECT path || id FROM unnest(p_sagas) AS id, unnest(ARRAY['orders/', 'transfers/', 'returns/']) AS path
    UNION ALL SELECT 'customers/' || p_customer WHERE p_customer IS NOT NULL
    UNION ALL SELECT 'reconciliation/' || id FROM reconciliation_differences WHERE saga_id = ANY (p_sagas)
    UNION ALL SELECT 'dead-letters/' || dead_letter_id FROM operator_actions
      WHERE dead_letter_id IS NOT NULL AND before->>'stream_id' = ANY (streams));
BEGIN
  PERFORM set_config('lock_timeout', '500ms', true);
  PERFORM 1 FROM orders WHERE id = ANY (p_sagas) ORDER BY id FOR NO KEY UPDATE;
  PERFORM 1 FROM sagas WHERE id = ANY (p_sagas) AND cancel_note IS NOT NULL ORDER BY id FOR NO KEY UPDATE;
  DELETE FROM order_addresses WHERE order_id = ANY (p_sagas);
  UPDATE returns SET reason = NULL WHERE id = ANY (p_sagas) AND reason IS NOT NULL;
  -- Empty rather than null: the release before reads it as a text.
  UPDATE orders SET payment_method = '' WHERE id = ANY (p_sagas) AND payment_method <> '';
  -- The detail of that reason is the note, too.
  UPDATE sagas SET cancel_note = NULL,
    reason_detail = CASE WHEN reason_code <> 'CANCELLED_BY_CUSTOMER' THEN reason_detail END
   WHERE id = ANY (p_sagas) AND cancel_note IS NOT NULL;
  DELETE FROM operator_reasons WHERE action_id IN (
    SELECT id FROM operator_actions WHERE saga_id = ANY (p_sagas)
    UNION ALL
    SELECT id FROM operator_actions WHERE dead_letter_id IS NOT NULL AND before->>'stream_id' = ANY (streams));
  -- A target, or what is below it: '0' follows '/'. What else lies between begins in the same way, and is another's.
  DELETE FROM audit_reasons WHERE entry_id IN (
    SELECT e.id FROM unnest(targets) AS t (target)
      JOIN audit_entries e ON e.target >= t.target AND e.target < t.target || '0'
     WHERE e.target = t.target OR starts_with(e.target, t.target || '/'));
END $$;

-- Erases a page for the wish that is due the longest: of the customer's orders and returns, and of the transfers out of the
-- customer's accounts, as far as they were placed before the wish. When all were gone through and some were open, they
-- are gone through again after a while, from the first of those on; when none was, the wish is finished. Returns
-- whether there was a wish to look at. Processes that come at once take different ones.
CREATE OR REPLACE FUNCTION erasures_advance(p_pause_seconds double precision) RETURNS boolean
LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
  wish erasures;
  page uuid[];
  closed uuid[];
  first_open uuid;
BEGIN
  SELECT * INTO wish FROM erasures WHERE finished_at IS NULL AND look_at <= clock_timestamp()
   ORDER BY look_at LIMIT 1 FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  page := ARRAY(
    SELECT id FROM (
      (SELECT id FROM orders WHERE customer_id = wish.customer_id AND id >= wish.reached ORDER BY id LIMIT 500)
      UNION ALL
      (SELECT id FROM returns WHERE customer_id = wish.customer_id AND id >= wish.reached ORDER BY id LIMIT 500)
      UNION ALL
      SELECT t.id FROM events e CROSS JOIN LATERAL (
        SELECT id FROM transfers
         WHERE source_account_id = substr(e.stream_id, length('account-') + 1) AND id >= wish.reached
         ORDER BY id LIMIT 500) t
       WHERE e.type = 'AccountOpened' AND e.data->>'ownerId' = wish.customer_id) AS sagas_of_customer
     ORDER BY id LIMIT 500);
  -- In one statement: a saga that ends meanwhile is either erased or looked at again.
  SELECT array_agg(id) FILTER (WHERE has_ended), (array_agg(id ORDER BY id) FILTER (WHERE NOT has_ended))[1]
    INTO closed, first_open
    FROM (SELECT id, status IN ('completed', 'rejected', 'cancelled') AS has_ended FROM sagas
           WHERE id = ANY (page) AND created_at <= wish.requested_at) AS its;
  PERFORM personal_data_erase(coalesce(closed, '{}'), wish.customer_id);
  wish.open_from := coalesce(wish.open_from, first_open);
  IF cardinality(page) = 500 THEN
    wish.reached := page[500];
  ELSIF wish.open_from IS NULL THEN
    wish.finished_at := clock_timestamp();
  ELSE
    wish.reached := wish.open_from;
    wish.open_from := NULL;
    wish.look_at := clock_timestamp() + make_interval(secs => p_pause_seconds);
  END IF;
  UPDATE erasures SET reached = wish.reached, open_from = wish.open_from, look_at = wish.look_at,
    finished_at = wish.finished_at WHERE id = wish.id;
  RETURN true;
END $$;

-- Erases the oldest orders that are not erased yet, and ended more than so many days ago. Returns how many it were. An
-- id begins with the time of its order, so that no younger order is read; whether it has ended for so long, its row
-- says. Processes that come at once take different ones.
CREATE OR REPLACE FUNCTION personal_data_expire(p_days integer) RETURNS integer
LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
  cutoff timestamptz := clock_timestamp() - make_interval(days => p_days);
  first_younger uuid := rpad(lpad(to_hex(floor(extract(epoch FROM cutoff) * 1000)::bigint), 12, '0'), 32, '0');
  page uuid[] := ARRAY(
    SELECT o.id FROM orders o CROSS JOIN LATERAL (
        SELECT status, updated_at FROM sagas WHERE id = o.id LIMIT 1) s
     WHERE o.payment_method <> '' AND o.id < first_younger
       AND s.status IN ('completed', 'rejected', 'cancelled') AND s.updated_at < cutoff
     ORDER BY o.id LIMIT 500 FOR NO KEY UPDATE OF o SKIP LOCKED);
BEGIN
  -- Something may come back of an order long after that.
  page := page || ARRAY(
    SELECT r.id FROM returns r CROSS JOIN LATERAL (
        SELECT status, updated_at FROM sagas WHERE id = r.id LIMIT 1) s
     WHERE r.reason IS NOT NULL AND r.id < first_younger
       AND s.status IN ('completed', 'rejected', 'cancelled') AND s.updated_at < cutoff
     ORDER BY r.id LIMIT 500);
  PERFORM personal_data_erase(page, NULL);
  RETURN cardinality(page);
END $$;
