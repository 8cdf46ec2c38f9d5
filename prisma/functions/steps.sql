-- A step going forward. Its fence is one row per saga and step, which stores the answer. A step on our own rows calls
-- step_enter and step_settle in one statement. A step at a provider calls step_intend, then the provider, then
-- step_conclude.

-- May this step act? 'done' and 'refused' answer from its fence; 'go' and 'resume' (the step was begun before) admit it.
-- A step before the pivot, and the pivot, are admitted only while nothing has turned the saga back. A retriable step is
-- admitted only once the saga is completed; one that an operator has skipped answers 'done', so that the saga goes on
-- without it.
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

-- Records the outcome of an admitted step. 'done' appends its event. p_status is the status that the saga then has,
-- where the step decides it (the pivot); when it is null, a saga that goes forward is 'processing'.
CREATE OR REPLACE FUNCTION step_settle(p_saga uuid, p_step text, p_attempt integer, p_state text, p_answer jsonb,
  p_event text, p_data jsonb, p_status text) RETURNS void LANGUAGE plpgsql AS $$
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
        THEN 'processing' END), p_event, p_data, 1);
  END IF;
END $$;

-- Records the intent before a provider is called. 'go' wrote the intent; 'resume' found it, so an earlier attempt may
-- have had its effect, and the caller asks the provider by key first. Other verdicts are those of step_enter.
CREATE OR REPLACE FUNCTION step_intend(p_saga uuid, p_step text, p_attempt integer, OUT verdict text, OUT answer jsonb)
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
    PERFORM saga_advance(p_saga, 'processing', 'ProcessingBegun', jsonb_build_object('step', p_step), 1);
  END IF;
END $$;

-- Records the answer of a provider: 'concluded'. 'already' means that another attempt has recorded the step. 'late'
-- means that the step was undone meanwhile, or that another attempt was refused: nothing else would undo this effect,
-- so the caller undoes it by key.
CREATE OR REPLACE FUNCTION step_conclude(p_saga uuid, p_step text, p_attempt integer, p_state text, p_answer jsonb,
  p_event text, p_data jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  found_state text;
BEGIN
  PERFORM saga_lock(p_saga);
  SELECT state INTO STRICT found_state FROM step_fences WHERE saga_id = p_saga AND step = p_step;
  CASE found_state
    WHEN 'intended' THEN
      PERFORM step_settle(p_saga, p_step, p_attempt, p_state, p_answer, p_event, p_data, NULL);
      RETURN 'concluded';
    WHEN 'done' THEN RETURN 'already';
    WHEN 'refused' THEN RETURN CASE p_state WHEN 'done' THEN 'late' ELSE 'already' END;
    ELSE RETURN 'late';
  END CASE;
END $$;
