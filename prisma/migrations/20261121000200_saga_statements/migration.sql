-- The judge. Every change of a saga goes through one of these functions, each called in one statement of its
-- own, so each is one database transaction. All of them take the saga's row first (then its fences, then what the
-- participant owns, by key): two attempts at anything of one saga run one after the other, and a function sees
-- what the one before it committed. docs/saga.md tells the rules and the interleaving that each of them prevents.

CREATE FUNCTION saga_lock(p_saga uuid) RETURNS sagas LANGUAGE plpgsql AS $$
DECLARE
  saga sagas;
BEGIN
  SELECT * INTO saga FROM sagas WHERE id = p_saga FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no saga %', p_saga USING ERRCODE = 'no_data_found';
  END IF;
  RETURN saga;
END $$;

-- The one way to append to a saga's stream: moves the head (its row's version), and with it the status where
-- p_status is given. The caller has locked the row.
CREATE FUNCTION saga_advance(p_saga uuid, p_status text, p_type text, p_data jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  stream text;
  head integer;
  at timestamptz;
BEGIN
  UPDATE sagas SET version = version + 1, status = coalesce(p_status, status),
    -- The first event is as old as its saga.
    updated_at = CASE version WHEN 0 THEN created_at ELSE clock_timestamp() END
   WHERE id = p_saga
  RETURNING split_part(definition, '@', 1) || '-' || id, version, updated_at INTO STRICT stream, head, at;
  INSERT INTO events (stream_id, version, type, data, recorded_at) VALUES (stream, head, p_type, p_data, at);
  INSERT INTO outbox (stream_id, version) VALUES (stream, head);
END $$;

-- May this step act? 'done' and 'refused' answer from its record; 'go' and 'resume' (it was begun before) admit it.
-- A step before or at the pivot is admitted only while nothing has turned the saga back; a retriable step only
-- once the saga is completed.
CREATE FUNCTION step_enter(p_saga uuid, p_step text, p_retriable boolean, OUT verdict text, OUT answer jsonb)
LANGUAGE plpgsql AS $$
DECLARE
  saga sagas := saga_lock(p_saga);
  fence step_fences;
  is_admitted boolean;
BEGIN
  SELECT * INTO fence FROM step_fences f WHERE f.saga_id = p_saga AND f.step = p_step;
  answer := fence.answer;
  IF fence.state IN ('done', 'refused') THEN
    verdict := fence.state;
    RETURN;
  END IF;
  is_admitted := CASE
    WHEN p_retriable THEN saga.status = 'completed' AND fence.state IS DISTINCT FROM 'skipped'
    ELSE saga.status IN ('pending', 'processing', 'waiting', 'parked')
      AND saga.reason_code IS NULL AND saga.cancel_wished_at IS NULL END;
  IF is_admitted THEN
    verdict := CASE fence.state WHEN 'intended' THEN 'resume' ELSE 'go' END;
  ELSE
    verdict := 'refused';
    answer := jsonb_build_object('code', coalesce(saga.reason_code,
      CASE WHEN saga.cancel_wished_at IS NOT NULL THEN 'CANCELLED_BY_CUSTOMER' ELSE 'SAGA_CLOSED' END));
  END IF;
END $$;

-- Records what an admitted step came to. Done appends its event; p_status is the status the saga then has, where
-- the step decides it (the pivot), and 'processing' while the saga goes forward.
CREATE FUNCTION step_settle(p_saga uuid, p_step text, p_attempt integer, p_state text, p_answer jsonb,
  p_event text, p_data jsonb, p_status text DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  saga sagas := saga_lock(p_saga);
BEGIN
  INSERT INTO step_fences AS f (saga_id, step, state, answer, attempts)
  VALUES (p_saga, p_step, p_state, p_answer, p_attempt)
  ON CONFLICT (saga_id, step) DO UPDATE SET state = excluded.state, answer = excluded.answer,
    attempts = greatest(f.attempts, excluded.attempts), parked_at = NULL, parked_error = NULL,
    updated_at = clock_timestamp();
  IF p_state = 'done' THEN
    PERFORM saga_advance(p_saga,
      coalesce(p_status, CASE WHEN saga.reason_code IS NULL AND saga.status IN ('pending', 'waiting', 'parked')
        THEN 'processing' END), p_event, p_data);
  END IF;
END $$;

-- Before a provider is called: the intent. 'go' wrote it, 'resume' found it (so an earlier attempt may have had
-- its effect: ask by key first).
CREATE FUNCTION step_intend(p_saga uuid, p_step text, p_attempt integer, OUT verdict text, OUT answer jsonb)
LANGUAGE plpgsql AS $$
DECLARE
  entered record;
BEGIN
  SELECT e.verdict, e.answer INTO entered FROM step_enter(p_saga, p_step, false) e;
  verdict := entered.verdict;
  answer := entered.answer;
  IF verdict NOT IN ('go', 'resume') THEN
    RETURN;
  END IF;
  INSERT INTO step_fences AS f (saga_id, step, state, attempts) VALUES (p_saga, p_step, 'intended', p_attempt)
  ON CONFLICT (saga_id, step) DO UPDATE SET state = 'intended', attempts = greatest(f.attempts, p_attempt),
    updated_at = clock_timestamp();
  IF (SELECT status FROM sagas WHERE id = p_saga) = 'pending' THEN
    PERFORM saga_advance(p_saga, 'processing', 'ProcessingBegun', jsonb_build_object('step', p_step));
  END IF;
END $$;

-- After a provider has answered. 'late' means that the step was undone meanwhile: the caller undoes by key.
CREATE FUNCTION step_conclude(p_saga uuid, p_step text, p_attempt integer, p_state text, p_answer jsonb,
  p_event text, p_data jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  found_state text;
BEGIN
  PERFORM saga_lock(p_saga);
  SELECT state INTO STRICT found_state FROM step_fences WHERE saga_id = p_saga AND step = p_step;
  CASE found_state
    WHEN 'intended' THEN
      PERFORM step_settle(p_saga, p_step, p_attempt, p_state, p_answer, p_event, p_data);
      RETURN 'concluded';
    WHEN 'done', 'refused' THEN RETURN 'already';
    ELSE RETURN 'late';
  END CASE;
END $$;

-- May this step be undone? 'undo' marks it as being undone; 'settled' means that there is nothing left to do.
-- p_answer is what the step had answered, if it got that far.
CREATE FUNCTION undo_enter(p_saga uuid, p_step text, p_attempt integer, OUT verdict text, OUT answer jsonb)
LANGUAGE plpgsql AS $$
DECLARE
  saga sagas := saga_lock(p_saga);
  fence step_fences;
BEGIN
  IF saga.reason_code IS NULL THEN
    RAISE EXCEPTION 'saga % is not compensating: % stays', p_saga, p_step;
  END IF;
  SELECT * INTO fence FROM step_fences f WHERE f.saga_id = p_saga AND f.step = p_step;
  answer := fence.answer;
  IF fence.state IN ('intended', 'done', 'undoing') THEN
    UPDATE step_fences SET state = 'undoing', undo_attempts = greatest(undo_attempts, p_attempt),
      updated_at = clock_timestamp() WHERE saga_id = p_saga AND step = p_step;
    verdict := 'undo';
  ELSE
    verdict := 'settled';
  END IF;
END $$;

-- The status of a parked, compensating saga once one of its steps is settled: compensating again with the last.
CREATE FUNCTION saga_status_unparked(saga sagas) RETURNS text LANGUAGE sql AS $$
  SELECT 'compensating' WHERE saga.status = 'parked'
    AND NOT EXISTS (SELECT 1 FROM step_fences WHERE saga_id = saga.id AND parked_at IS NOT NULL)
$$;

-- Records that a step is undone, once. The event tells what the undo did.
CREATE FUNCTION undo_settle(p_saga uuid, p_step text, p_event text, p_data jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  saga sagas := saga_lock(p_saga);
BEGIN
  UPDATE step_fences SET state = 'undone', parked_at = NULL, parked_error = NULL, updated_at = clock_timestamp()
   WHERE saga_id = p_saga AND step = p_step AND state = 'undoing';
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM saga_advance(p_saga, saga_status_unparked(saga), p_event, p_data);
  RETURN true;
END $$;

-- The one way into compensation. The first reason is stored before any undo; a cancel that was wished before it
-- is the reason. What was begun is what has to be undone, whatever the workflow remembers.
CREATE FUNCTION saga_begin_compensation(p_saga uuid, p_code text, p_step text, p_detail text,
  OUT verdict text, OUT undo text[], OUT code text, OUT step text) LANGUAGE plpgsql AS $$
DECLARE
  saga sagas := saga_lock(p_saga);
BEGIN
  undo := '{}';
  IF saga.status = 'completed' THEN
    verdict := 'completed';
    RETURN;
  END IF;
  IF saga.reason_code IS NULL THEN
    verdict := 'begun';
    IF saga.cancel_wished_at IS NOT NULL THEN
      p_code := 'CANCELLED_BY_CUSTOMER';
      p_detail := saga.cancel_note;
    END IF;
    UPDATE step_fences SET parked_at = NULL, parked_error = NULL WHERE saga_id = p_saga AND parked_at IS NOT NULL;
    UPDATE sagas SET reason_code = p_code, reason_step = p_step, reason_detail = p_detail, status = 'compensating'
     WHERE id = p_saga;
    PERFORM saga_advance(p_saga, NULL, 'CompensationBegun', jsonb_build_object('code', p_code, 'step', p_step));
  ELSE
    verdict := 'already';
  END IF;
  SELECT s.reason_code, s.reason_step INTO code, step FROM sagas s WHERE s.id = p_saga;
  SELECT coalesce(array_agg(f.step), '{}') INTO undo FROM step_fences f
   WHERE f.saga_id = p_saga AND f.state IN ('intended', 'done', 'undoing');
END $$;

-- Ends a saga that turned back, once nothing is owed. Answers its status.
CREATE FUNCTION saga_close(p_saga uuid, p_rejected_event text, p_cancelled_event text) RETURNS text LANGUAGE plpgsql AS $$
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
  saga.status := CASE saga.reason_code WHEN 'CANCELLED_BY_CUSTOMER' THEN 'cancelled' ELSE 'rejected' END;
  PERFORM saga_advance(p_saga, saga.status,
    CASE saga.status WHEN 'cancelled' THEN p_cancelled_event ELSE p_rejected_event END,
    jsonb_build_object('code', saga.reason_code, 'step', saga.reason_step));
  RETURN saga.status;
END $$;

-- Notes that a sleeping saga has something to look at. Whoever tells its workflow takes the note away.
CREATE FUNCTION saga_wake(p_saga uuid) RETURNS void LANGUAGE sql AS $$
  INSERT INTO saga_wakes (saga_id, claimed_until) VALUES (p_saga, clock_timestamp())
  ON CONFLICT (saga_id) DO UPDATE SET claimed_until = clock_timestamp()
$$;

-- A cancel is a wish on the row; every later forward statement then refuses.
-- 'recorded' (also when wished before), 'compensating' (no effect), 'cancelled', 'too_late', or 'unknown'.
CREATE FUNCTION saga_cancel(p_saga uuid, p_note text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  saga sagas;
BEGIN
  SELECT * INTO saga FROM sagas WHERE id = p_saga FOR UPDATE;
  IF NOT FOUND THEN
    RETURN 'unknown';
  ELSIF saga.status = 'cancelled' THEN
    RETURN 'cancelled';
  ELSIF saga.status IN ('completed', 'rejected') THEN
    RETURN 'too_late';
  ELSIF saga.reason_code IS NOT NULL THEN
    RETURN 'compensating';
  ELSIF saga.cancel_wished_at IS NULL THEN
    UPDATE sagas SET cancel_wished_at = clock_timestamp(), cancel_note = p_note WHERE id = p_saga;
    IF saga.status IN ('waiting', 'parked') THEN
      PERFORM saga_wake(p_saga);
    END IF;
    PERFORM saga_advance(p_saga, NULL, 'CancelRequested', '{}');
  END IF;
  RETURN 'recorded';
END $$;

-- A forward step waits for its provider. Told once: a saga that waits already, or has turned back, stays as it is.
CREATE FUNCTION saga_note_waiting(p_saga uuid, p_step text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  saga sagas := saga_lock(p_saga);
BEGIN
  IF saga.status = 'processing' AND EXISTS
    (SELECT 1 FROM step_fences WHERE saga_id = p_saga AND step = p_step AND state = 'intended') THEN
    PERFORM saga_advance(p_saga, 'waiting', 'WaitingBegun', jsonb_build_object('step', p_step));
  END IF;
  IF saga.cancel_wished_at IS NOT NULL THEN
    PERFORM saga_wake(p_saga);
  END IF;
END $$;

-- A step that spent a round of attempts, or its undo, is parked in sight; the saga's status with it unless it has
-- completed. A step that was settled meanwhile stays as it is.
CREATE FUNCTION saga_note_parked(p_saga uuid, p_step text, p_error text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  saga sagas := saga_lock(p_saga);
  was_parked boolean;
BEGIN
  IF saga.status IN ('pending', 'rejected', 'cancelled') THEN
    RETURN;
  END IF;
  IF saga.reason_code IS NULL THEN
    INSERT INTO step_fences (saga_id, step, state) VALUES (p_saga, p_step, 'pending') ON CONFLICT DO NOTHING;
  END IF;
  SELECT parked_at IS NOT NULL INTO was_parked FROM step_fences
   WHERE saga_id = p_saga AND step = p_step AND CASE
     WHEN saga.reason_code IS NULL THEN state IN ('pending', 'intended')
     ELSE state IN ('intended', 'done', 'undoing') END;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  UPDATE step_fences SET parked_at = coalesce(parked_at, clock_timestamp()), parked_error = p_error,
    parked_noted_at = clock_timestamp(), updated_at = clock_timestamp() WHERE saga_id = p_saga AND step = p_step;
  IF saga.reason_code IS NULL AND saga.cancel_wished_at IS NOT NULL THEN
    PERFORM saga_wake(p_saga);
  END IF;
  IF NOT was_parked THEN
    PERFORM saga_advance(p_saga, CASE WHEN saga.status <> 'completed' THEN 'parked' END,
      'StepParked', jsonb_build_object('step', p_step, 'error', p_error));
  END IF;
END $$;

-- An optional step that spent its attempts is left out.
CREATE FUNCTION saga_note_skipped(p_saga uuid, p_step text, p_error text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM saga_lock(p_saga);
  INSERT INTO step_fences (saga_id, step, state, parked_error) VALUES (p_saga, p_step, 'skipped', p_error)
  ON CONFLICT (saga_id, step) DO NOTHING;
  IF FOUND THEN
    PERFORM saga_advance(p_saga, NULL, 'StepSkipped', jsonb_build_object('step', p_step, 'error', p_error));
  END IF;
END $$;
