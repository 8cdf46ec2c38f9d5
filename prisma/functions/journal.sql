-- What a workflow notes while a saga does not go on: a step waits, is parked, or is skipped.

-- A step, or its undo, waits: p_for is the class of what it waits for, which the fence shows. It is noted in the stream
-- once: a saga that already waits stays as it is, and so does one whose undo does. A step that waits before it was begun
-- gets a fence that owes no undo. A completed saga stays completed: a step after its pivot waits beside it.
CREATE OR REPLACE FUNCTION saga_note_waiting(p_saga uuid, p_step text, p_for text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  saga sagas := saga_lock(p_saga);
  fence step_fences;
BEGIN
  IF saga.reason_code IS NULL THEN
    INSERT INTO step_fences (saga_id, step, state) VALUES (p_saga, p_step, 'pending') ON CONFLICT DO NOTHING;
  END IF;
  SELECT * INTO fence FROM step_fences WHERE saga_id = p_saga AND step = p_step
    AND CASE WHEN saga.reason_code IS NULL THEN state IN ('pending', 'intended') ELSE state IN ('intended', 'done', 'undoing') END;
  IF FOUND AND fence.waiting_for IS DISTINCT FROM p_for THEN
    UPDATE step_fences SET waiting_for = p_for, updated_at = clock_timestamp() WHERE saga_id = p_saga AND step = p_step;
  END IF;
  IF fence.step IS NOT NULL AND saga.status = 'pending' THEN
    PERFORM saga_advance(p_saga, 'processing', 'ProcessingBegun', jsonb_build_object('step', p_step), 1);
  END IF;
  -- What waits for a message has come through its trouble: operators have nothing to do about it.
  IF p_for = 'MESSAGE' AND fence.parked_at IS NOT NULL THEN
    UPDATE step_fences SET parked_at = NULL, parked_error = NULL WHERE saga_id = p_saga AND step = p_step;
  END IF;
  IF fence.step IS NOT NULL AND (saga.status IN ('pending', 'processing') OR (p_for = 'MESSAGE' AND saga.status = 'parked')) THEN
    PERFORM saga_advance(p_saga, 'waiting', 'WaitingBegun', jsonb_build_object('step', p_step, 'waitingFor', p_for), 1);
  ELSIF fence.step IS NOT NULL AND saga.reason_code IS NOT NULL AND fence.waiting_for IS NULL THEN
    PERFORM saga_advance(p_saga, NULL, 'CompensationDelayed', jsonb_build_object('step', p_step, 'waitingFor', p_for), 1);
  END IF;
  IF saga.reason_code IS NULL AND saga.cancel_wished_at IS NOT NULL THEN
    PERFORM saga_wake(p_saga);
  END IF;
END $$;

-- A step, or its undo, that spent a round of attempts, or an undo that waits for long, is parked where operators see it.
-- The saga's status follows unless the saga is completed. A step that was settled meanwhile stays as it is,
-- but for one after the pivot that was refused for good: it is owed all the same.
CREATE OR REPLACE FUNCTION saga_note_parked(p_saga uuid, p_step text, p_error text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  saga sagas := saga_lock(p_saga);
BEGIN
  IF saga.status IN ('rejected', 'cancelled') THEN
    RETURN;
  END IF;
  IF saga.reason_code IS NULL THEN
    INSERT INTO step_fences (saga_id, step, state) VALUES (p_saga, p_step, 'pending') ON CONFLICT DO NOTHING;
  END IF;
  PERFORM 1 FROM step_fences
   WHERE saga_id = p_saga AND step = p_step AND CASE
     WHEN saga.reason_code IS NULL THEN state IN ('pending', 'intended') OR (state = 'refused' AND saga.status = 'completed')
     ELSE state IN ('intended', 'done', 'undoing') END;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  IF saga.status = 'pending' THEN
    PERFORM saga_advance(p_saga, 'processing', 'ProcessingBegun', jsonb_build_object('step', p_step), 1);
  END IF;
  PERFORM saga_park(p_saga, p_step, p_error);
  IF saga.reason_code IS NULL AND saga.cancel_wished_at IS NOT NULL THEN
    PERFORM saga_wake(p_saga);
  END IF;
END $$;

-- A saga that cannot record that it turns back, or that it has ended, is parked where operators see it: at the step that
-- it turned back for, whatever has become of that. The mark goes when the saga turns back, or closes.
CREATE OR REPLACE FUNCTION saga_note_held(p_saga uuid, p_step text, p_error text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  saga sagas := saga_lock(p_saga);
BEGIN
  IF saga.status NOT IN ('completed', 'rejected', 'cancelled') THEN
    PERFORM saga_park(p_saga, p_step, p_error);
  END IF;
END $$;

-- Parks a saga at a step, unless it is completed: then the step alone. An undo that is parked before it was marked is
-- marked now: after that, no late attempt can record its step as done. The caller has locked the row.
CREATE OR REPLACE FUNCTION saga_park(p_saga uuid, p_step text, p_error text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  saga sagas := saga_lock(p_saga);
  was_parked boolean;
BEGIN
  SELECT parked_at IS NOT NULL INTO was_parked FROM step_fences WHERE saga_id = p_saga AND step = p_step;
  INSERT INTO step_fences AS f (saga_id, step, state, parked_at, parked_error, parked_noted_at)
  VALUES (p_saga, p_step, 'pending', clock_timestamp(), p_error, clock_timestamp())
  ON CONFLICT (saga_id, step) DO UPDATE SET parked_at = coalesce(f.parked_at, excluded.parked_at),
    parked_error = excluded.parked_error, parked_noted_at = excluded.parked_noted_at, updated_at = clock_timestamp(),
    state = CASE WHEN saga.reason_code IS NOT NULL AND f.state IN ('intended', 'done') THEN 'undoing' ELSE f.state END;
  IF was_parked IS NOT TRUE THEN
    -- Shape 2 names the error `errorClass`, as all events do; events/store/upcasting.ts reads shape 1 too.
    PERFORM saga_advance(p_saga, CASE WHEN saga.status <> 'completed' THEN 'parked' END,
      'StepParked', jsonb_build_object('step', p_step, 'errorClass', p_error), 2);
  END IF;
END $$;

-- An optional step that spent its attempts is skipped.
CREATE OR REPLACE FUNCTION saga_note_skipped(p_saga uuid, p_step text, p_error text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM saga_lock(p_saga);
  INSERT INTO step_fences AS f (saga_id, step, state, parked_error) VALUES (p_saga, p_step, 'skipped', p_error)
  ON CONFLICT (saga_id, step) DO UPDATE SET state = 'skipped', parked_error = excluded.parked_error, parked_at = NULL,
    waiting_for = NULL, updated_at = clock_timestamp() WHERE f.state = 'pending';
  IF FOUND THEN
    PERFORM saga_advance(p_saga, NULL, 'StepSkipped',
      jsonb_build_object('step', p_step, 'errorClass', p_error, 'by', 'saga'), 2);
  END IF;
END $$;
