-- What arrives late must not be lost: each function is as before but for what its comment says.

-- An effect that is found after another attempt was refused is late too: nobody would undo it.
CREATE OR REPLACE FUNCTION step_conclude(p_saga uuid, p_step text, p_attempt integer, p_state text, p_answer jsonb,
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
    WHEN 'done' THEN RETURN 'already';
    WHEN 'refused' THEN RETURN CASE p_state WHEN 'done' THEN 'late' ELSE 'already' END;
    ELSE RETURN 'late';
  END CASE;
END $$;

-- An undo that an operator wrote off while it was under way, and that then succeeded, has happened: it is told.
CREATE OR REPLACE FUNCTION undo_settle(p_saga uuid, p_step text, p_event text, p_data jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  saga sagas := saga_lock(p_saga);
BEGIN
  UPDATE step_fences SET state = 'undone', parked_at = NULL, parked_error = NULL, updated_at = clock_timestamp()
   WHERE saga_id = p_saga AND step = p_step AND state IN ('undoing', 'skipped');
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM saga_advance(p_saga, saga_status_unparked(saga), p_event, p_data);
  RETURN true;
END $$;

CREATE OR REPLACE FUNCTION step_fences_refuse_illegal_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT (CASE OLD.state
    WHEN 'pending' THEN NEW.state IN ('intended', 'done', 'refused', 'skipped')
    WHEN 'intended' THEN NEW.state IN ('done', 'refused', 'undoing')
    WHEN 'done' THEN NEW.state = 'undoing'
    WHEN 'undoing' THEN NEW.state IN ('undone', 'skipped')
    WHEN 'skipped' THEN NEW.state = 'undone'
    ELSE false END) THEN
    RAISE EXCEPTION 'step % of saga % cannot go from % to %', OLD.step, OLD.saga_id, OLD.state, NEW.state
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;

-- StepParked has shape 2. An undo that is parked before it was marked is marked now: after it, no late attempt may record its step as done.
CREATE OR REPLACE FUNCTION saga_note_parked(p_saga uuid, p_step text, p_error text) RETURNS void LANGUAGE plpgsql AS $$
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
    state = CASE WHEN saga.reason_code IS NULL THEN state ELSE 'undoing' END,
    parked_noted_at = clock_timestamp(), updated_at = clock_timestamp() WHERE saga_id = p_saga AND step = p_step;
  IF saga.reason_code IS NULL AND saga.cancel_wished_at IS NOT NULL THEN
    PERFORM saga_wake(p_saga);
  END IF;
  IF NOT was_parked THEN
    PERFORM saga_advance(p_saga, CASE WHEN saga.status <> 'completed' THEN 'parked' END,
      'StepParked', jsonb_build_object('step', p_step, 'errorClass', p_error), 2);
  END IF;
END $$;

-- Wakes also one that has told nothing for a while: it may sleep, and not have been able to say so.
CREATE OR REPLACE FUNCTION saga_cancel(p_saga uuid, p_note text) RETURNS text LANGUAGE plpgsql AS $$
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
    PERFORM saga_advance(p_saga, NULL, 'CancelRequested', '{}');
    IF saga.status IN ('waiting', 'parked')
      OR (saga.status = 'processing' AND saga.updated_at < clock_timestamp() - interval '5 seconds') THEN
      PERFORM saga_wake(p_saga);
    END IF;
  END IF;
  RETURN 'recorded';
END $$;

-- A step after the pivot that an operator has left out is settled: the saga goes on without it.
CREATE OR REPLACE FUNCTION step_enter(p_saga uuid, p_step text, p_retriable boolean, OUT verdict text, OUT answer jsonb)
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
  ELSIF p_retriable AND fence.state = 'skipped' THEN
    verdict := 'done';
    RETURN;
  END IF;
  is_admitted := CASE
    WHEN p_retriable THEN saga.status = 'completed'
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
