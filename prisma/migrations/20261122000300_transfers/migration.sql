-- The second saga: money from one account to another. The transfer's saga row judges its steps like an order's; the
-- accounts are event-sourced, and a step appends to one of them in the same statement.
CREATE TABLE "transfers" (
    "id" UUID NOT NULL,
    "source_account_id" TEXT NOT NULL,
    "destination_account_id" TEXT NOT NULL,
    "amount_minor" BIGINT NOT NULL,
    "currency" CHAR(3) NOT NULL,

    CONSTRAINT "transfers_pkey" PRIMARY KEY ("id")
);

CREATE INDEX "transfers_source_account_id_id_idx" ON "transfers"("source_account_id", "id");

ALTER TABLE "transfers" ADD CONSTRAINT "transfers_id_fkey" FOREIGN KEY ("id") REFERENCES "sagas"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

ALTER TABLE transfers
  ADD CONSTRAINT transfers_amount_safe CHECK (amount_minor BETWEEN 1 AND 9007199254740991),
  ADD CONSTRAINT transfers_two_accounts CHECK (source_account_id <> destination_account_id);

-- Keys are of requests, whatever these make.
ALTER TABLE "idempotency_keys" RENAME COLUMN "order_id" TO "saga_id";

-- Takes an idempotency key for a saga that is about to be written. Answers who has it: its own saga when it was free,
-- the earlier one when the request is a repetition; is_reused says that it was another request.
-- A twin in flight is awaited on the key's unique index for a second; then SQLSTATE 55P03 (lock_not_available).
CREATE FUNCTION idempotency_take(p_caller text, p_key text, p_body_hash text, p_saga uuid,
  OUT saga uuid, OUT is_reused boolean) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('lock_timeout', '1s', true);
  INSERT INTO idempotency_keys (caller, key, body_hash, saga_id, created_at)
  VALUES (p_caller, p_key, p_body_hash, p_saga, clock_timestamp()) ON CONFLICT DO NOTHING;
  SELECT saga_id, body_hash <> p_body_hash INTO STRICT saga, is_reused
    FROM idempotency_keys WHERE caller = p_caller AND key = p_key;
END $$;

-- Who has a key already, within the 72 hours for which it is kept; nulls when it is free.
CREATE FUNCTION idempotency_find(p_caller text, p_key text, p_body_hash text, OUT saga uuid, OUT is_reused boolean)
LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM idempotency_keys
   WHERE caller = p_caller AND key = p_key AND created_at < clock_timestamp() - interval '72 hours';
  SELECT saga_id, body_hash <> p_body_hash INTO saga, is_reused
    FROM idempotency_keys WHERE caller = p_caller AND key = p_key;
END $$;

-- Writes the row of a new saga, and the note that its workflow is to be started.
CREATE FUNCTION saga_open(p_id uuid, p_definition text, p_deadline_at timestamptz) RETURNS void LANGUAGE sql AS $$
  INSERT INTO sagas (id, definition, deadline_at) VALUES (p_id, p_definition, p_deadline_at);
  INSERT INTO saga_starts (saga_id, claimed_until) VALUES (p_id, clock_timestamp() + interval '2 seconds')
$$;

-- As before, on the functions above.
CREATE OR REPLACE FUNCTION place_order(p_id uuid, p_definition text, p_caller text, p_key text, p_body_hash text,
  p_order jsonb, p_deadline_at timestamptz, OUT verdict text, OUT placed jsonb, OUT positions integer[])
LANGUAGE plpgsql AS $$
DECLARE
  holder record;
  priced jsonb;
  total bigint;
  unknown integer[];
  inactive integer[];
  foreign_currency integer[];
BEGIN
  positions := '{}';
  SELECT * INTO holder FROM idempotency_find(p_caller, p_key, p_body_hash);
  IF holder.saga IS NULL THEN
    SELECT sum(p.price_minor::bigint * (line->>'quantity')::integer),
           jsonb_agg(jsonb_build_object('sku', p.sku, 'quantity', (line->>'quantity')::integer,
             'unitPriceMinor', p.price_minor) ORDER BY n),
           array_agg(n - 1) FILTER (WHERE p.sku IS NULL),
           array_agg(n - 1) FILTER (WHERE NOT p.active),
           array_agg(n - 1) FILTER (WHERE p.currency <> p_order->>'currency')
      INTO total, priced, unknown, inactive, foreign_currency
      FROM jsonb_array_elements(p_order->'lines') WITH ORDINALITY AS lines (line, n)
      LEFT JOIN products p ON p.sku = line->>'sku';
    verdict := CASE
      WHEN unknown IS NOT NULL THEN 'unknown_sku'
      WHEN inactive IS NOT NULL THEN 'inactive_sku'
      WHEN foreign_currency IS NOT NULL THEN 'foreign_currency'
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

  PERFORM saga_open(p_id, p_definition, p_deadline_at);
  INSERT INTO orders (id, customer_id, currency, total_minor, payment_method, shipping_service)
  VALUES (p_id, p_order->>'customerId', p_order->>'currency', total, p_order->>'paymentMethod',
    p_order#>>'{shipping,service}');
  INSERT INTO order_lines (order_id, sku, position, quantity, unit_price_minor)
  SELECT p_id, line->>'sku', n - 1, (line->>'quantity')::integer, (line->>'unitPriceMinor')::integer
    FROM jsonb_array_elements(priced) WITH ORDINALITY AS lines (line, n);
  INSERT INTO order_addresses (order_id, name, line1, city, postal_code, country)
  SELECT p_id, a.name, a.line1, a.city, a."postalCode", a.country
    FROM jsonb_to_record(p_order#>'{shipping,address}')
      AS a (name text, line1 text, city text, "postalCode" text, country text);
  PERFORM saga_advance(p_id, NULL, 'OrderPlaced', jsonb_build_object(
    'customerId', p_order->>'customerId', 'currency', p_order->>'currency', 'totalMinor', total, 'lines', priced,
    'shippingService', p_order#>>'{shipping,service}', 'deadlineAt', p_deadline_at));
  verdict := 'placed';
  placed := placed_order(p_id);
END $$;

-- Asks for a transfer: its saga, the transfer, the idempotency key, TransferRequested and its outbox row. The accounts
-- are not looked at: that is the business of its steps. placed | replayed (the saga is the first one) | reused.
CREATE FUNCTION place_transfer(p_id uuid, p_definition text, p_caller text, p_key text, p_body_hash text,
  p_transfer jsonb, p_deadline_at timestamptz, OUT verdict text, OUT saga sagas) LANGUAGE plpgsql AS $$
DECLARE
  holder record;
BEGIN
  SELECT * INTO holder FROM idempotency_find(p_caller, p_key, p_body_hash);
  IF holder.saga IS NULL THEN
    SELECT * INTO holder FROM idempotency_take(p_caller, p_key, p_body_hash, p_id);
  END IF;
  IF holder.saga <> p_id THEN
    verdict := CASE WHEN holder.is_reused THEN 'reused' ELSE 'replayed' END;
    SELECT * INTO saga FROM sagas WHERE id = holder.saga;
    RETURN;
  END IF;
  PERFORM saga_open(p_id, p_definition, p_deadline_at);
  INSERT INTO transfers (id, source_account_id, destination_account_id, amount_minor, currency)
  VALUES (p_id, p_transfer->>'sourceAccountId', p_transfer->>'destinationAccountId',
    (p_transfer->>'amountMinor')::bigint, p_transfer->>'currency');
  PERFORM saga_advance(p_id, NULL, 'TransferRequested', jsonb_build_object(
    'sourceAccountId', p_transfer->>'sourceAccountId', 'destinationAccountId', p_transfer->>'destinationAccountId',
    'amountMinor', (p_transfer->>'amountMinor')::bigint, 'currency', p_transfer->>'currency',
    'deadlineAt', p_deadline_at));
  verdict := 'placed';
  SELECT * INTO saga FROM sagas WHERE id = p_id;
END $$;

-- A step that was decided on version p_expected of another stream: appends p_events there and settles the step, or
-- settles it as refused where p_refusal is given. 'conflict' when that stream has moved on: nothing is written, and
-- the decision has to be made again. Otherwise as step_enter answers.
CREATE FUNCTION step_append(p_saga uuid, p_step text, p_attempt integer, p_stream text, p_expected integer,
  p_events jsonb, p_refusal jsonb, p_event text, p_data jsonb, p_status text, OUT verdict text, OUT answer jsonb)
LANGUAGE plpgsql AS $$
DECLARE
  entered record;
  head integer;
BEGIN
  SELECT e.verdict, e.answer INTO entered FROM step_enter(p_saga, p_step, false) e;
  verdict := entered.verdict;
  answer := entered.answer;
  IF verdict NOT IN ('go', 'resume') THEN
    RETURN;
  END IF;
  IF p_refusal IS NULL THEN
    head := stream_append(p_stream, p_expected, p_events);
  ELSE
    SELECT version INTO head FROM streams WHERE id = p_stream AND version = p_expected FOR SHARE;
    head := CASE WHEN FOUND OR p_expected = 0 THEN p_expected END;
  END IF;
  IF head IS NULL THEN
    verdict := 'conflict';
  ELSIF p_refusal IS NULL THEN
    PERFORM step_settle(p_saga, p_step, p_attempt, 'done', '{}', p_event, p_data, p_status);
  ELSE
    PERFORM step_settle(p_saga, p_step, p_attempt, 'refused', p_refusal, NULL, NULL);
    verdict := 'refused';
    answer := p_refusal;
  END IF;
END $$;

-- The undo of such a step. 'done' also when there was nothing to undo, 'conflict' as above.
CREATE FUNCTION undo_append(p_saga uuid, p_step text, p_attempt integer, p_stream text, p_expected integer,
  p_events jsonb, p_event text, p_data jsonb, OUT verdict text, OUT answer jsonb) LANGUAGE plpgsql AS $$
BEGIN
  verdict := 'done';
  IF (SELECT e.verdict FROM undo_enter(p_saga, p_step, p_attempt) e) = 'settled' THEN
    RETURN;
  ELSIF stream_append(p_stream, p_expected, p_events) IS NULL THEN
    verdict := 'conflict';
  ELSE
    PERFORM undo_settle(p_saga, p_step, p_event, p_data);
  END IF;
END $$;
