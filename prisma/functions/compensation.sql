-- A saga that turns back: it begins to compensate, undoes what was begun, and closes.

-- The only way into compensation. The first reason is stored before any undo; a cancel that was wished earlier is that
-- reason. A step that spent its attempts while its refusal was being made sure of was refused: that is the reason then. The undo list is read from the fences: what was begun is undone, whatever the workflow remembers.
-- 'begun', 'already', or 'completed' (the saga goes forward).
CREATE OR REPLACE FUNCTION saga_begin_compensation(p_saga uuid, p_code text, p_step text, p_detail text,
  OUT verdict text, OUT undo text[], OUT code text, OUT step text) LANGUAGE plpgsql AS $$
DECLARE
  saga sagas := saga_lock(p_saga);
  refusal jsonb;
BEGIN
  SELECT coalesce(array_agg(f.step ORDER BY f.created_at, f.step), '{}') INTO undo FROM step_fences f
   WHERE f.saga_id = p_saga AND f.state IN ('intended', 'done', 'undoing');
  IF saga.status = 'completed' THEN
    verdict := 'completed';
    undo := '{}';
    RETURN;
  END IF;
  IF saga.reason_code IS NULL THEN
    verdict := 'begun';
    SELECT f.refusal INTO refusal FROM step_fences f WHERE f.saga_id = p_saga AND f.step = p_step;
    IF p_code = 'STEP_FAILED' AND refusal IS NOT NULL THEN
      p_code := refusal->>'code';
      p_detail := refusal->>'detail';
    END IF;
    IF saga.cancel_wished_at IS NOT NULL THEN
      p_code := 'CANCELLED_BY_CUSTOMER';
      p_detail := saga.cancel_note;
    END IF;
    UPDATE step_fences SET parked_at = NULL, parked_error = NULL, waiting_for = NULL WHERE saga_id = p_saga;
    UPDATE sagas SET reason_code = p_code, reason_step = p_step, reason_detail = p_detail, status = 'compensating'
     WHERE id = p_saga;
    -- Shape 1 of this event did not have the undo list.
    PERFORM saga_advance(p_saga, NULL, 'CompensationBegun',
      jsonb_build_object('code', p_code, 'step', p_step, 'undo', to_jsonb(undo)), 2);
  ELSE
    verdict := 'already';
  END IF;
  SELECT s.reason_code, s.reason_step INTO code, step FROM sagas s WHERE s.id = p_saga;
END $$;

-- May this step be undone? 'undo' marks it as being undone; 'settled' means that nothing is left to do. The answer is
-- the effect that was recorded of the step, if it got that far.
CREATE OR REPLACE FUNCTION undo_enter(p_saga uuid, p_step text, p_attempt integer, OUT verdict text, OUT answer jsonb)
LANGUAGE plpgsql AS $$
DECLARE
  saga sagas := saga_lock(p_saga);
  fence step_fences;
BEGIN
  IF saga.reason_code IS NULL THEN
    RAISE EXCEPTION 'saga % is not compensating: % stays', p_saga, p_step;
  END IF;
  SELECT * INTO fence FROM step_fences f WHERE f.saga_id = p_saga AND f.step = p_step;
  answer := step_effect(fence.state, fence.answer, fence.refusal);
  IF fence.state IN ('intended', 'done', 'undoing') THEN
    UPDATE step_fences SET state = 'undoing', undo_attempts = greatest(undo_attempts, p_attempt),
      updated_at = clock_timestamp() WHERE saga_id = p_saga AND step = p_step;
    verdict := 'undo';
  ELSE
    verdict := 'settled';
  END IF;
END $$;

-- As undo_enter, for an undo at a provider: it takes a while, and is noted until it is over, so that nobody skips it
-- meanwhile. entry names the note; one whose process was killed counts for ten seconds (operator_skip). 'unavailable':
-- the provider is not to be called at present. recorded is the effect that was recorded: no provider that says less of
-- it is believed.
CREATE OR REPLACE FUNCTION undo_begin(p_saga uuid, p_step text, p_provider text, p_attempt integer,
  OUT verdict text, OUT entry text, OUT recorded jsonb) LANGUAGE plpgsql AS $$
DECLARE
  begun_at timestamptz := clock_timestamp();
BEGIN
  SELECT e.verdict, e.answer INTO verdict, recorded FROM undo_enter(p_saga, p_step, p_attempt) e;
  IF verdict = 'undo' AND breaker_is_forced(p_provider) THEN
    verdict := 'unavailable';
  ELSIF verdict = 'undo' THEN
    UPDATE step_fences SET undo_entries = undo_entries || begun_at WHERE saga_id = p_saga AND step = p_step;
    entry := begun_at::text;
  END IF;
END $$;

-- An undo at a provider that was begun has ended without having come to anything.
CREATE OR REPLACE FUNCTION undo_leave(p_saga uuid, p_step text, p_entry text) RETURNS void LANGUAGE sql AS $$
  UPDATE step_fences SET undo_entries = array_remove(undo_entries, p_entry::timestamptz)
   WHERE saga_id = p_saga AND step = p_step
$$;

-- The status of a parked, compensating saga once one of its steps is settled: 'compensating' when no other step is
-- parked, else null.
CREATE OR REPLACE FUNCTION saga_status_unparked(saga sagas) RETURNS text LANGUAGE sql AS $$
  SELECT 'compensating' WHERE saga.status = 'parked'
    AND NOT EXISTS (SELECT 1 FROM step_fences WHERE saga_id = saga.id AND parked_at IS NOT NULL)
$$;

-- Records once that a step is undone. The event says what the undo did. A step that an operator skipped while its undo
-- was in progress is recorded too: that undo has happened.
CREATE OR REPLACE FUNCTION undo_settle(p_saga uuid, p_step text, p_event text, p_data jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  saga sagas := saga_lock(p_saga);
BEGIN
  UPDATE step_fences SET state = 'undone', parked_at = NULL, parked_error = NULL, waiting_for = NULL,
    undo_entries = '{}', updated_at = clock_timestamp()
   WHERE saga_id = p_saga AND step = p_step AND state IN ('undoing', 'skipped');
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM saga_advance(p_saga, saga_status_unparked(saga), p_event, p_data, 1);
  RETURN true;
END $$;

-- Ends a saga that turned back, once nothing is left to undo. Returns its status.
CREATE OR REPLACE FUNCTION saga_close(p_saga uuid, p_rejected_event text, p_cancelled_event text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  saga sagas := saga_lock(p_saga);
  owed text;
BEGIN
  IF saga.status IN ('completed', 'rejected', 'cancelled') THEN
    RETURN saga.status;
  END IF;
  SELECT string_agg(step, ', ') INTO owed FROM step_fences
   WHERE saga_id = p_saga AND state IN ('intended', 'done', 'undoing');
  IF saga.reason_code IS NULL OR owed IS NOT NULL THEN
    RAISE EXCEPTION 'saga % cannot close: reason %, still to undo: %', p_saga, saga.reason_code, owed;
  END IF;
  -- Only the closing was parked: it returns to compensating, from where it ends.
  IF saga.status = 'parked' THEN
    UPDATE step_fences SET parked_at = NULL, parked_error = NULL WHERE saga_id = p_saga AND parked_at IS NOT NULL;
    UPDATE sagas SET status = 'compensating' WHERE id = p_saga;
  END IF;
  saga.status := CASE saga.reason_code WHEN 'CANCELLED_BY_CUSTOMER' THEN 'cancelled' ELSE 'rejected' END;
  PERFORM saga_advance(p_saga, saga.status,
    CASE saga.status WHEN 'cancelled' THEN p_cancelled_event ELSE p_rejected_event END,
    jsonb_build_object('code', saga.reason_code, 'step', saga.reason_step), 1);
  RETURN saga.status;
END $$;
