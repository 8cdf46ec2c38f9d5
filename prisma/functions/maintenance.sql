-- What operators hold up: the intake, a step, all calls to a provider. It is one row, which the statements that it holds up
-- read themselves: it counts in every process from the moment it is committed. While there is no row, all is open.

CREATE OR REPLACE FUNCTION intake_is_paused() RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT 1 FROM maintenance WHERE intake = 'paused')
$$;

-- Whether the step does not go forward at present. Its compensation does.
CREATE OR REPLACE FUNCTION step_is_paused(p_step text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT 1 FROM maintenance WHERE p_step = ANY (paused_steps))
$$;

-- Whether the provider is not called at present, forward or back.
CREATE OR REPLACE FUNCTION breaker_is_forced(p_provider text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT 1 FROM maintenance WHERE breakers->>p_provider = 'open')
$$;

-- All of it. Breakers that were never changed are not named.
CREATE OR REPLACE FUNCTION maintenance_now() RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object('intake', intake, 'breakers', breakers, 'pausedSteps', paused_steps, 'reason', reason)
    FROM maintenance
$$;

-- Changes what is not null, records who did it and why, and notes the steps that were given back, whose sagas are to be
-- woken. p_steps has the steps of each provider. Returns all of it. It is as quick when a million sagas wait.
CREATE OR REPLACE FUNCTION maintenance_change(p_intake text, p_breakers jsonb, p_paused_steps text[], p_steps jsonb,
  p_actor text, p_reason text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  before jsonb;
  after jsonb;
BEGIN
  INSERT INTO maintenance (id) VALUES (1) ON CONFLICT DO NOTHING;
  PERFORM 1 FROM maintenance FOR UPDATE;
  before := maintenance_now();
  UPDATE maintenance SET intake = coalesce(p_intake, intake), breakers = breakers || coalesce(p_breakers, '{}'),
    paused_steps = coalesce(p_paused_steps, paused_steps), reason = p_reason, updated_at = clock_timestamp();
  after := maintenance_now();
  INSERT INTO operator_actions (at, actor, action, reason, before, after)
  VALUES (clock_timestamp(), p_actor, 'maintain', p_reason, before, after);
  INSERT INTO step_wakes (step)
  SELECT step FROM jsonb_array_elements_text(before->'pausedSteps') AS step WHERE NOT after->'pausedSteps' ? step
  UNION
  SELECT jsonb_array_elements_text(p_steps->provider) FROM jsonb_each_text(before->'breakers') AS breaker (provider, state)
   WHERE state = 'open' AND after->'breakers'->>provider <> 'open'
  -- One that is still being gone through is gone through again: sagas behind the place reached may wait by now.
  ON CONFLICT (step) DO UPDATE SET reached = excluded.reached;
  RETURN after;
END $$;

-- Wakes the next sagas that wait, or are parked, at a step that was given back, forward or back. Only so many that the
-- notes in saga_wakes stay few: a cancel that comes meanwhile waits behind no more than these. Each saga's row is locked
-- before its wake is written, as everywhere, and in the order of the ids. A row that another session holds for long
-- fails the page, which is done again: SQLSTATE 55P03 (lock_not_available). Its plan is the one for large tables from the
-- first day on, whatever was last known of their size.
CREATE OR REPLACE FUNCTION step_wakes_next() RETURNS void LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
  room integer := 500 - (SELECT count(*) FROM (SELECT FROM saga_wakes LIMIT 500) AS noted);
  given_back step_wakes;
  page uuid[];
BEGIN
  SELECT * INTO given_back FROM step_wakes ORDER BY step LIMIT 1 FOR UPDATE SKIP LOCKED;
  IF NOT FOUND OR room = 0 THEN
    RETURN;
  END IF;
  page := ARRAY(SELECT saga_id FROM step_fences
    WHERE step = given_back.step AND saga_id > given_back.reached AND (waiting_for IS NOT NULL OR parked_at IS NOT NULL)
    ORDER BY saga_id LIMIT room);
  PERFORM set_config('lock_timeout', '500ms', true);
  WITH locked AS (
    SELECT id, coordination FROM sagas WHERE id = ANY (page) ORDER BY id FOR KEY SHARE)
  INSERT INTO saga_wakes (saga_id, claimed_until)
  SELECT id, clock_timestamp() FROM locked WHERE coordination = 'orchestration'
  ON CONFLICT (saga_id) DO UPDATE SET claimed_until = excluded.claimed_until;
  UPDATE reactions SET is_woken = true, due_at = clock_timestamp() WHERE saga_id = ANY (page);
  IF cardinality(page) < room THEN
    DELETE FROM step_wakes WHERE step = given_back.step;
  ELSE
    UPDATE step_wakes SET reached = page[room] WHERE step = given_back.step;
  END IF;
END $$;
