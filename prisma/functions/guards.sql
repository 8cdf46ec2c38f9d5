-- Triggers that refuse what no statement may do. A refusal here is a bug in a statement, never an answer to a customer.

-- The legal moves of a saga's status; domain/saga/status.ts has the same table.
CREATE OR REPLACE FUNCTION sagas_refuse_illegal_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT (CASE OLD.status
    WHEN 'pending' THEN NEW.status IN ('processing', 'parked', 'compensating')
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

CREATE OR REPLACE TRIGGER sagas_moves BEFORE UPDATE OF status ON sagas
  FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION sagas_refuse_illegal_move();

-- No saga is completed without what must be done before its pivot, whoever says so.
CREATE OR REPLACE FUNCTION sagas_refuse_incomplete() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  missing text := saga_missing(NEW.id, NEW.before_pivot);
BEGIN
  IF missing IS NOT NULL THEN
    RAISE EXCEPTION 'saga % cannot be completed: % is not done', NEW.id, missing USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER sagas_complete BEFORE UPDATE OF status ON sagas
  FOR EACH ROW WHEN (NEW.status = 'completed' AND OLD.status <> 'completed') EXECUTE FUNCTION sagas_refuse_incomplete();

-- The first reason stays: the cause of the compensation is the one that is reported.
CREATE OR REPLACE FUNCTION sagas_keep_reason() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'saga % already has the reason %', OLD.id, OLD.reason_code USING ERRCODE = 'check_violation';
END $$;

CREATE OR REPLACE TRIGGER sagas_first_reason BEFORE UPDATE OF reason_code ON sagas
  FOR EACH ROW WHEN (OLD.reason_code IS NOT NULL AND NEW.reason_code IS DISTINCT FROM OLD.reason_code)
  EXECUTE FUNCTION sagas_keep_reason();

-- A fence only moves towards its end: no step is done after it was undone. A skipped undo may still succeed, and a
-- step after the pivot that is refused for good may be skipped.
CREATE OR REPLACE FUNCTION step_fences_refuse_illegal_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT (CASE OLD.state
    WHEN 'pending' THEN NEW.state IN ('intended', 'done', 'refused', 'skipped')
    WHEN 'intended' THEN NEW.state IN ('done', 'refused', 'undoing')
    WHEN 'done' THEN NEW.state = 'undoing'
    WHEN 'undoing' THEN NEW.state IN ('undone', 'skipped')
    WHEN 'skipped' THEN NEW.state = 'undone'
    WHEN 'refused' THEN NEW.state = 'skipped'
    ELSE false END) THEN
    RAISE EXCEPTION 'step % of saga % cannot go from % to %', OLD.step, OLD.saga_id, OLD.state, NEW.state
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER step_fences_moves BEFORE UPDATE OF state ON step_fences
  FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION step_fences_refuse_illegal_move();

-- Events and ledgers are append-only.
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;

CREATE OR REPLACE TRIGGER events_append_only BEFORE UPDATE OR DELETE ON events
  FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE OR REPLACE TRIGGER stock_movements_append_only BEFORE UPDATE OR DELETE ON stock_movements
  FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE OR REPLACE TRIGGER operator_actions_append_only BEFORE UPDATE OR DELETE ON operator_actions
  FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- What stays for ever has no free text in it, whatever a statement, also of the release before, says: the reason of an
-- action goes to where it can be erased.
CREATE OR REPLACE FUNCTION operator_actions_part_reason() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO operator_reasons (action_id, reason) VALUES (NEW.id, NEW.reason);
  NEW.reason := NULL;
  RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER operator_actions_reason BEFORE INSERT ON operator_actions
  FOR EACH ROW WHEN (NEW.reason IS NOT NULL) EXECUTE FUNCTION operator_actions_part_reason();

CREATE OR REPLACE TRIGGER gift_wrappings_append_only BEFORE UPDATE OR DELETE ON gift_wrappings
  FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE OR REPLACE TRIGGER loyalty_entries_append_only BEFORE UPDATE OR DELETE ON loyalty_entries
  FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE OR REPLACE TRIGGER stock_returns_append_only BEFORE UPDATE OR DELETE ON stock_returns
  FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE OR REPLACE TRIGGER loyalty_returns_append_only BEFORE UPDATE OR DELETE ON loyalty_returns
  FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE OR REPLACE TRIGGER refunds_append_only BEFORE UPDATE OR DELETE ON refunds
  FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE OR REPLACE TRIGGER audit_entries_append_only BEFORE UPDATE OR DELETE ON audit_entries
  FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE OR REPLACE TRIGGER audit_outcomes_append_only BEFORE UPDATE OR DELETE ON audit_outcomes
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
