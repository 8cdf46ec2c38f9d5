-- What operators do to parked steps. Like a cancel, each action is a conditional statement on the saga's row. It is
-- recorded with actor and reason, and with the parked steps before and after it.

CREATE OR REPLACE FUNCTION parked_steps(p_saga uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(jsonb_object_agg(step, jsonb_build_object('state', state, 'error', parked_error, 'since', parked_at)), '{}')
    FROM step_fences WHERE saga_id = p_saga AND parked_at IS NOT NULL
$$;

-- Tries a parked step again, or all of the saga's. 'accepted', 'not_parked' or 'unknown'.
CREATE OR REPLACE FUNCTION operator_retry(p_saga uuid, p_step text, p_actor text, p_reason text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  before jsonb;
BEGIN
  PERFORM 1 FROM sagas WHERE id = p_saga FOR UPDATE;
  IF NOT FOUND THEN
    RETURN 'unknown';
  END IF;
  before := parked_steps(p_saga);
  IF before = '{}' OR (p_step IS NOT NULL AND NOT before ? p_step) THEN
    RETURN 'not_parked';
  END IF;
  PERFORM saga_wake(p_saga);
  INSERT INTO operator_actions (at, actor, action, saga_id, step, reason, before, after)
  VALUES (clock_timestamp(), p_actor, 'retry', p_saga, p_step, p_reason, before, before);
  RETURN 'accepted';
END $$;

-- Skips a parked step: a compensation is written off, a step after the pivot is left out. The pivot itself can only be
-- tried again, and so can a saga that cannot be closed. An undo that an attempt is at right now is not skipped: it may be
-- about to succeed.
-- 'accepted', 'in_progress', 'not_parked', 'not_skippable' or 'unknown'.
CREATE OR REPLACE FUNCTION operator_skip(p_saga uuid, p_step text, p_actor text, p_reason text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  saga sagas;
  before jsonb;
BEGIN
  SELECT * INTO saga FROM sagas WHERE id = p_saga FOR UPDATE;
  IF NOT FOUND THEN
    RETURN 'unknown';
  END IF;
  before := parked_steps(p_saga);
  IF NOT before ? p_step THEN
    RETURN 'not_parked';
  ELSIF saga.status <> 'completed' AND (saga.reason_code IS NULL
      OR before->p_step->>'state' NOT IN ('intended', 'done', 'undoing')) THEN
    RETURN 'not_skippable';
  ELSIF EXISTS (SELECT 1 FROM step_fences f, unnest(f.undo_entries) AS begun_at WHERE f.saga_id = p_saga AND f.step = p_step
      AND begun_at > clock_timestamp() - interval '10 seconds') THEN
    RETURN 'in_progress';
  END IF;
  -- A step whose undo was never marked is marked now: a fence is skipped only from there.
  UPDATE step_fences SET state = 'undoing' WHERE saga_id = p_saga AND step = p_step AND state IN ('intended', 'done');
  UPDATE step_fences SET state = 'skipped', answer = CASE WHEN state <> 'refused' THEN answer END, skipped_at = clock_timestamp(), parked_at = NULL, waiting_for = NULL,
    updated_at = clock_timestamp()
   WHERE saga_id = p_saga AND step = p_step;
  PERFORM saga_advance(p_saga, saga_status_unparked(saga),
    CASE WHEN saga.reason_code IS NULL THEN 'StepSkipped' ELSE 'CompensationSkipped' END,
    jsonb_build_object('step', p_step, 'errorClass', before->p_step->>'error', 'by', 'operator'), 2);
  PERFORM saga_wake(p_saga);
  INSERT INTO operator_actions (at, actor, action, saga_id, step, reason, before, after)
  VALUES (clock_timestamp(), p_actor, 'skip', p_saga, p_step, p_reason, before, parked_steps(p_saga));
  RETURN 'accepted';
END $$;

-- Advances a batch of retries; the caller has claimed it. Looks at the last wave and starts the next one when that went
-- well. Stops when more than half of a wave is parked again. Returns the batch's status. A wave is 500 steps at most, so
-- that it is started well within the time that a statement has.
CREATE OR REPLACE FUNCTION retry_batch_advance(p_batch uuid) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  batch retry_batches;
  last_wave integer;
  failed bigint;
  resolved bigint;
  open bigint;
  item record;
BEGIN
  SELECT * INTO batch FROM retry_batches WHERE id = p_batch FOR UPDATE;
  IF batch.status <> 'running' THEN
    RETURN batch.status;
  END IF;
  UPDATE retry_batch_items i SET state = CASE WHEN f.parked_at IS NULL THEN 'succeeded' ELSE 'failed' END
    FROM step_fences f
   WHERE i.batch_id = p_batch AND i.state = 'retried' AND f.saga_id = i.saga_id AND f.step = i.step
     AND (f.parked_at IS NULL OR f.parked_noted_at > i.retried_at);
  SELECT coalesce(max(wave), 0) INTO last_wave FROM retry_batch_items WHERE batch_id = p_batch;
  SELECT count(*) FILTER (WHERE state = 'failed'), count(*) FILTER (WHERE state IN ('failed', 'succeeded')),
         count(*) FILTER (WHERE state = 'retried')
    INTO failed, resolved, open FROM retry_batch_items WHERE batch_id = p_batch AND wave = last_wave;
  IF open = 0 THEN
    IF failed * 2 > resolved THEN
      batch.status := 'stopped';
    ELSE
      FOR item IN
        SELECT saga_id, step FROM retry_batch_items WHERE batch_id = p_batch AND state = 'pending' ORDER BY saga_id, step
         LIMIT least(500, (SELECT ceil(count(*) * batch.ramp_percent / 100.0) FROM retry_batch_items WHERE batch_id = p_batch))
      LOOP
        UPDATE retry_batch_items SET state = 'retried', wave = last_wave + 1, retried_at = clock_timestamp()
         WHERE batch_id = p_batch AND saga_id = item.saga_id AND step = item.step;
        PERFORM operator_retry(item.saga_id, item.step, batch.actor, batch.reason);
      END LOOP;
      IF NOT FOUND THEN
        batch.status := 'done';
      END IF;
    END IF;
  END IF;
  UPDATE retry_batches SET status = batch.status, updated_at = clock_timestamp() WHERE id = p_batch;
  RETURN batch.status;
END $$;
