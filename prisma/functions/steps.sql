-- A step going forward. Its fence is one row per saga and step, which stores the answer. A step on our own rows calls
-- step_enter and step_settle in one statement. A step at a provider calls step_intend, then the provider, then
-- step_conclude, and step_refuse after that where a refusal had to be made sure of.

-- May this step act? 'done' and 'refused' answer from its fence; 'go' and 'resume' (the step was begun before) admit it.
-- 'unavailable' is 'not now', with why: the step is paused. One whose refusal is being made sure of goes on all the same.
-- A step before the pivot, and the pivot, are admitted only while nothing has turned the saga back. A retriable step is
-- admitted only once the saga is completed; one that an operator has skipped answers 'done', so that the saga goes on
-- without it. The pivot asks that every step before it is done: somebody may have answered for one by hand.
-- p_kind is 'compensatable', 'pivot' or 'retriable'.
CREATE OR REPLACE FUNCTION step_enter(p_saga uuid, p_step text, p_kind text, OUT verdict text, OUT answer jsonb)
LANGUAGE plpgsql AS $$
DECLARE
  saga sagas := saga_lock(p_saga);
  fence step_fences;
  is_admitted boolean;
  missing text;
BEGIN
  SELECT * INTO fence FROM step_fences f WHERE f.saga_id = p_saga AND f.step = p_step;
  answer := fence.answer;
  IF fence.state IN ('done', 'refused') THEN
    verdict := fence.state;
    RETURN;
  ELSIF p_kind = 'retriable' AND fence.state = 'skipped' THEN
    verdict := 'done';
    RETURN;
  END IF;
  is_admitted := CASE
    WHEN p_kind = 'retriable' THEN saga.status = 'completed'
    ELSE saga.status IN ('pending', 'processing', 'waiting', 'parked')
      AND saga.reason_code IS NULL AND saga.cancel_wished_at IS NULL END;
  IF is_admitted AND p_kind = 'pivot' THEN
    missing := saga_missing(p_saga, saga.before_pivot);
  END IF;
  IF missing IS NOT NULL THEN
    verdict := 'refused';
    answer := jsonb_build_object('code', 'STEP_FAILED', 'detail', missing || ' is not done');
  ELSIF is_admitted AND fence.refusal IS NULL AND step_is_paused(p_step) THEN
    verdict := 'unavailable';
    answer := '{"why": "PAUSED"}';
  ELSIF is_admitted THEN
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
    attempts = greatest(f.attempts, excluded.attempts), parked_at = NULL, parked_error = NULL, refusal = NULL,
    waiting_for = NULL, updated_at = clock_timestamp();
  -- The first step of the saga is its pivot.
  IF p_state = 'done' AND p_status = 'completed' AND saga.status = 'pending' THEN
    PERFORM saga_advance(p_saga, 'processing', 'ProcessingBegun', jsonb_build_object('step', p_step), 1);
  END IF;
  IF p_state = 'done' THEN
    PERFORM saga_advance(p_saga,
      coalesce(p_status, CASE WHEN saga.reason_code IS NULL AND saga.status IN ('pending', 'waiting', 'parked')
        THEN 'processing' END), p_event, p_data, 1);
  END IF;
END $$;

-- Records the intent before a provider is called, and counts who enters. 'go' wrote the intent; 'resume' found it, so an
-- earlier attempt may have had its effect, and the caller asks the provider by key first. 'void' means that the step is
-- to be refused, as answer says, once its key is final: nobody asks the provider for it any more. Other verdicts are
-- those of step_enter; 'unavailable' also while the provider is not to be called: then nothing was begun.
CREATE OR REPLACE FUNCTION step_intend(p_saga uuid, p_step text, p_kind text, p_provider text, p_attempt integer,
  OUT verdict text, OUT answer jsonb) LANGUAGE plpgsql AS $$
DECLARE
  entered record;
BEGIN
  SELECT e.verdict, e.answer INTO entered FROM step_enter(p_saga, p_step, p_kind) e;
  verdict := entered.verdict;
  answer := entered.answer;
  IF verdict NOT IN ('go', 'resume') THEN
    RETURN;
  ELSIF breaker_is_forced(p_provider) THEN
    verdict := 'unavailable';
    answer := '{"why": "BREAKER_OPEN"}';
    RETURN;
  END IF;
  INSERT INTO step_fences AS f (saga_id, step, state, attempts, entries) VALUES (p_saga, p_step, 'intended', p_attempt, 1)
  ON CONFLICT (saga_id, step) DO UPDATE SET state = 'intended', attempts = greatest(f.attempts, p_attempt),
    entries = f.entries + 1, updated_at = clock_timestamp()
  RETURNING f.refusal INTO answer;
  IF answer IS NOT NULL THEN
    verdict := 'void';
  END IF;
  IF (SELECT status FROM sagas WHERE id = p_saga) = 'pending' THEN
    PERFORM saga_advance(p_saga, 'processing', 'ProcessingBegun', jsonb_build_object('step', p_step), 1);
  END IF;
END $$;

-- What is known to have happened at the provider: the effect of a step that was done, or the unwanted one that its noted
-- refusal names. Null where an effect, if there is one, was never recorded.
CREATE OR REPLACE FUNCTION step_effect(p_state text, p_answer jsonb, p_refusal jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN p_state <> 'refused' THEN coalesce(p_answer, p_refusal->'effect') END
$$;

-- Records the answer of a provider. p_state is 'done', 'refused', or 'unwanted' for an effect that is not what was asked
-- for: p_answer then names it as effect. 'concluded' means that it is recorded; 'already', that another attempt has
-- recorded the step. 'contested' means that the step is to be refused and something of it may stand, or still be under
-- way: an effect of this attempt or of another that entered. The refusal is noted, so that nobody asks for it again; the
-- caller makes the key final, and then calls step_refuse. 'late' means that the step was undone or refused meanwhile:
-- nothing else would undo this effect, so the caller undoes it by key. recorded is the effect that was recorded before.
CREATE OR REPLACE FUNCTION step_conclude(p_saga uuid, p_step text, p_kind text, p_attempt integer, p_state text,
  p_answer jsonb, p_event text, p_data jsonb, OUT verdict text, OUT recorded jsonb) LANGUAGE plpgsql AS $$
DECLARE
  saga sagas := saga_lock(p_saga);
  fence step_fences;
BEGIN
  SELECT * INTO STRICT fence FROM step_fences WHERE saga_id = p_saga AND step = p_step;
  recorded := step_effect(fence.state, fence.answer, fence.refusal);
  CASE
    WHEN fence.state = 'intended' AND fence.refusal IS NOT NULL THEN
      verdict := 'contested';
    WHEN fence.state = 'intended' AND (p_state = 'done' OR p_state = 'refused' AND fence.entries = 1) THEN
      PERFORM step_settle(p_saga, p_step, p_attempt, p_state, p_answer, p_event, p_data,
        CASE WHEN p_kind = 'pivot' AND saga.reason_code IS NULL THEN 'completed' END);
      verdict := 'concluded';
    WHEN fence.state = 'intended' THEN
      UPDATE step_fences SET refusal = p_answer, updated_at = clock_timestamp()
       WHERE saga_id = p_saga AND step = p_step;
      verdict := 'contested';
    WHEN fence.state = 'done' OR p_state = 'refused' THEN
      verdict := 'already';
    ELSE
      verdict := 'late';
  END CASE;
END $$;

-- Records the refusal of a step whose key is final: the one that was noted, else p_answer. p_event says what stood under
-- the key, and is null where nothing did. A step that was recorded otherwise meanwhile stays as it is; so does one whose
-- saga has turned back: its undo is owed, and says what it undid.
CREATE OR REPLACE FUNCTION step_refuse(p_saga uuid, p_step text, p_attempt integer, p_answer jsonb, p_event text,
  p_data jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  saga sagas := saga_lock(p_saga);
  fence step_fences;
BEGIN
  SELECT * INTO STRICT fence FROM step_fences WHERE saga_id = p_saga AND step = p_step;
  IF fence.state = 'intended' AND saga.reason_code IS NULL THEN
    PERFORM step_settle(p_saga, p_step, p_attempt, 'refused', coalesce(fence.refusal - 'effect', p_answer), NULL, NULL, NULL);
    IF p_event IS NOT NULL THEN
      PERFORM saga_advance(p_saga, NULL, p_event, p_data, 1);
    END IF;
  END IF;
END $$;
