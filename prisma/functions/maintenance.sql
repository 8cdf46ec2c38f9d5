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

-- Changes what is not null, records who did it and why, and wakes the sagas that wait for what has ended. p_steps has the
-- steps of each provider. Returns all of it.
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
  PERFORM saga_wake_waiting(ARRAY(
    SELECT step FROM jsonb_array_elements_text(before->'pausedSteps') AS step WHERE NOT after->'pausedSteps' ? step
    UNION
    SELECT jsonb_array_elements_text(p_steps->provider) FROM jsonb_each_text(before->'breakers') AS breaker (provider, state)
     WHERE state = 'open' AND after->'breakers'->>provider <> 'open'));
  RETURN after;
END $$;

-- Wakes every saga that waits, or is parked, at one of the steps, forward or back. Each saga's row is locked before its
-- wake is written, as everywhere, and in the order of the ids.
CREATE OR REPLACE FUNCTION saga_wake_waiting(p_steps text[]) RETURNS void LANGUAGE sql AS $$
  INSERT INTO saga_wakes (saga_id, claimed_until)
  SELECT s.id, clock_timestamp() FROM sagas s
   WHERE s.id IN (SELECT saga_id FROM step_fences WHERE step = ANY (p_steps) AND waiting_for IS NOT NULL
     UNION SELECT saga_id FROM step_fences WHERE step = ANY (p_steps) AND parked_at IS NOT NULL)
   ORDER BY s.id FOR KEY SHARE
  ON CONFLICT (saga_id) DO UPDATE SET claimed_until = excluded.claimed_until
$$;
