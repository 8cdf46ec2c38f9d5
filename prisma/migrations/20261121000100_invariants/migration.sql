-- What must never be true, made impossible. A violated CHECK is a bug, never an answer to a customer:
-- refusals are computed before anything is written.

ALTER TABLE products
  ADD CONSTRAINT products_sku_form CHECK (sku ~ '^[A-Z0-9][A-Z0-9-]{0,39}$'),
  ADD CONSTRAINT products_price_positive CHECK (price_minor > 0);

ALTER TABLE stock
  ADD CONSTRAINT stock_available_not_negative CHECK (available >= 0),
  ADD CONSTRAINT stock_reserved_not_negative CHECK (reserved >= 0),
  ADD CONSTRAINT stock_sold_not_negative CHECK (sold >= 0),
  ADD CONSTRAINT stock_adds_up CHECK (available + reserved + sold = received);

ALTER TABLE stock_movements
  ADD CONSTRAINT stock_movements_kind CHECK (kind IN ('reserved', 'released', 'sold')),
  ADD CONSTRAINT stock_movements_quantity_positive CHECK (quantity > 0);

-- What was reserved is either released or sold, never both.
CREATE UNIQUE INDEX stock_movements_one_end ON stock_movements (order_id, sku) WHERE kind IN ('released', 'sold');

ALTER TABLE orders
  ADD CONSTRAINT orders_total_safe CHECK (total_minor BETWEEN 1 AND 9007199254740991);

ALTER TABLE order_lines
  ADD CONSTRAINT order_lines_quantity CHECK (quantity BETWEEN 1 AND 1000),
  ADD CONSTRAINT order_lines_price_positive CHECK (unit_price_minor > 0);

ALTER TABLE charges
  ADD CONSTRAINT charges_state CHECK (state IN ('live', 'refunded')),
  ADD CONSTRAINT charges_amount_positive CHECK (amount_minor > 0);
CREATE UNIQUE INDEX charges_one_live ON charges (order_id) WHERE state = 'live';

ALTER TABLE shipments
  ADD CONSTRAINT shipments_state CHECK (state IN ('live', 'cancelled'));
CREATE UNIQUE INDEX shipments_one_live ON shipments (order_id) WHERE state = 'live';

ALTER TABLE loyalty_entries
  ADD CONSTRAINT loyalty_entries_kind CHECK ((kind = 'awarded' AND points >= 0) OR (kind = 'revoked' AND points <= 0));

ALTER TABLE sagas
  ADD CONSTRAINT sagas_definition_form CHECK (definition ~ '^[a-z]+@[0-9]+$'),
  ADD CONSTRAINT sagas_status CHECK (status IN
    ('pending', 'processing', 'waiting', 'parked', 'compensating', 'completed', 'rejected', 'cancelled')),
  -- A saga that turned back says why, and one that did not has no reason. Parked may be either.
  ADD CONSTRAINT sagas_reason CHECK (CASE
    WHEN status IN ('compensating', 'rejected', 'cancelled') THEN reason_code IS NOT NULL AND reason_step IS NOT NULL
    WHEN status = 'parked' THEN true
    ELSE reason_code IS NULL END),
  ADD CONSTRAINT sagas_cancelled_by_customer CHECK (CASE status
    WHEN 'cancelled' THEN reason_code = 'CANCELLED_BY_CUSTOMER'
    WHEN 'rejected' THEN reason_code <> 'CANCELLED_BY_CUSTOMER'
    ELSE true END);

ALTER TABLE step_fences
  ADD CONSTRAINT step_fences_state CHECK (state IN
    ('pending', 'intended', 'done', 'refused', 'undoing', 'undone', 'skipped')),
  ADD CONSTRAINT step_fences_answered CHECK (state NOT IN ('done', 'refused') OR answer IS NOT NULL);

-- The legal moves of a saga's status; domain/saga/status.ts holds the same table.
CREATE FUNCTION sagas_refuse_illegal_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT (CASE OLD.status
    WHEN 'pending' THEN NEW.status IN ('processing', 'compensating')
    WHEN 'processing' THEN NEW.status IN ('waiting', 'parked', 'compensating', 'completed')
    WHEN 'waiting' THEN NEW.status IN ('processing', 'parked', 'compensating', 'completed')
    WHEN 'parked' THEN NEW.status = 'compensating'
      OR (OLD.reason_code IS NULL AND NEW.status IN ('processing', 'waiting', 'completed'))
    WHEN 'compensating' THEN NEW.status IN ('parked', 'rejected', 'cancelled')
    ELSE false END) THEN
    RAISE EXCEPTION 'saga % cannot go from % to %', OLD.id, OLD.status, NEW.status USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER sagas_moves BEFORE UPDATE OF status ON sagas
  FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION sagas_refuse_illegal_move();

-- The first reason stays: what began the compensation is what is reported.
CREATE FUNCTION sagas_keep_reason() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'saga % already has the reason %', OLD.id, OLD.reason_code USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER sagas_first_reason BEFORE UPDATE OF reason_code ON sagas
  FOR EACH ROW WHEN (OLD.reason_code IS NOT NULL AND NEW.reason_code IS DISTINCT FROM OLD.reason_code)
  EXECUTE FUNCTION sagas_keep_reason();

-- A fence only ever moves towards its end: no step is done after it was undone.
CREATE FUNCTION step_fences_refuse_illegal_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT (CASE OLD.state
    WHEN 'pending' THEN NEW.state IN ('intended', 'done', 'refused', 'skipped')
    WHEN 'intended' THEN NEW.state IN ('done', 'refused', 'undoing')
    WHEN 'done' THEN NEW.state = 'undoing'
    WHEN 'undoing' THEN NEW.state IN ('undone', 'skipped')
    ELSE false END) THEN
    RAISE EXCEPTION 'step % of saga % cannot go from % to %', OLD.step, OLD.saga_id, OLD.state, NEW.state
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER step_fences_moves BEFORE UPDATE OF state ON step_fences
  FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION step_fences_refuse_illegal_move();

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE ON events
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER stock_movements_append_only BEFORE UPDATE OR DELETE ON stock_movements
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER operator_actions_append_only BEFORE UPDATE OR DELETE ON operator_actions
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER loyalty_entries_append_only BEFORE UPDATE OR DELETE ON loyalty_entries
  FOR EACH ROW EXECUTE FUNCTION refuse_change();

ALTER TABLE operator_actions
  ADD CONSTRAINT operator_actions_action CHECK (action IN ('retry', 'skip'));

ALTER TABLE retry_batches
  ADD CONSTRAINT retry_batches_status CHECK (status IN ('running', 'done', 'stopped')),
  ADD CONSTRAINT retry_batches_ramp CHECK (ramp_percent BETWEEN 1 AND 100);

ALTER TABLE retry_batch_items
  ADD CONSTRAINT retry_batch_items_state CHECK (state IN ('pending', 'retried', 'succeeded', 'failed'));

-- What operators look at: few rows of many.
CREATE INDEX step_fences_parked ON step_fences (parked_at) WHERE parked_at IS NOT NULL;

-- What the relay has still to publish.
CREATE INDEX outbox_unpublished ON outbox (id) WHERE published_at IS NULL;
