-- Orphans: sagas with work left whose workflow is gone. A saga that has not moved for a while gets a row in saga_watches,
-- and its workflow is looked for at Temporal. p_outline is the definition of a saga as a client knows it: a list of
-- {name, kind, isOptional} in the order of the steps.

-- The step that keeps a saga from its end: going back, the next that is owed an undo; going forward, the first that is
-- not done; after the pivot, the first required one that is not done. Null when there is none.
CREATE OR REPLACE FUNCTION saga_open_step(p_saga uuid, p_status text, p_has_reason boolean, p_outline jsonb) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT o.step->>'name' FROM jsonb_array_elements(p_outline) WITH ORDINALITY AS o (step, n)
    LEFT JOIN step_fences f ON f.saga_id = p_saga AND f.step = o.step->>'name'
   WHERE CASE
     WHEN p_has_reason THEN o.step->>'kind' = 'compensatable' AND f.state IN ('intended', 'done', 'undoing')
     WHEN p_status = 'completed' THEN o.step->>'kind' = 'retriable' AND NOT (o.step->>'isOptional')::boolean
       AND coalesce(f.state, 'pending') NOT IN ('done', 'skipped')
     ELSE o.step->>'kind' <> 'retriable' AND coalesce(f.state, 'pending') <> 'done' END
   ORDER BY CASE WHEN p_has_reason THEN -o.n ELSE o.n END LIMIT 1
$$;

-- From one look at a saga to the next: doubled each time, up to a quarter of an hour.
CREATE OR REPLACE FUNCTION orphan_pause(p_after_seconds double precision, p_times integer) RETURNS interval LANGUAGE sql IMMUTABLE AS $$
  SELECT make_interval(secs => least(p_after_seconds * 2 ^ least(p_times, 30), greatest(p_after_seconds, 900)))
$$;

-- Takes up to p_limit sagas whose workflow is to be looked for now; nobody else gets them for p_claim_seconds. Those of a
-- definition that is not in p_outlines ({definition: outline}) are left to a process that knows it. One process takes at
-- a time: another that comes meanwhile gets none.
CREATE OR REPLACE FUNCTION orphans_take(p_outlines jsonb, p_after_seconds double precision, p_claim_seconds integer, p_limit integer)
RETURNS TABLE (saga uuid, saga_definition text, saga_version integer) LANGUAGE plpgsql AS $$
BEGIN
  IF NOT pg_try_advisory_xact_lock(72707373) THEN
    RETURN;
  END IF;
  DELETE FROM saga_watches w USING sagas s
   WHERE s.id = w.saga_id AND w.check_at <= clock_timestamp() AND s.status IN ('completed', 'rejected', 'cancelled')
     AND p_outlines ? s.definition
     AND saga_open_step(s.id, s.status, s.reason_code IS NOT NULL, p_outlines->s.definition) IS NULL;
  UPDATE saga_watches w SET version = s.version, checks = 0, restarts = 0, orphan_since = NULL,
    check_at = s.updated_at + make_interval(secs => p_after_seconds)
    FROM sagas s WHERE s.id = w.saga_id AND w.check_at <= clock_timestamp() AND w.version <> s.version;
  INSERT INTO saga_watches (saga_id, version, check_at)
  SELECT s.id, s.version, s.updated_at + make_interval(secs => p_after_seconds)
    FROM sagas s LEFT JOIN saga_watches w ON w.saga_id = s.id
   WHERE s.status IN ('pending', 'processing', 'waiting', 'parked', 'compensating')
     AND s.updated_at < clock_timestamp() - make_interval(secs => p_after_seconds) AND p_outlines ? s.definition
     -- One that was parked as an orphan is looked at again once it has moved.
     AND (w.saga_id IS NULL OR (w.check_at IS NULL AND w.version <> s.version))
     AND NOT EXISTS (SELECT FROM saga_starts n WHERE n.saga_id = s.id)
   ORDER BY s.updated_at LIMIT p_limit
  ON CONFLICT (saga_id) DO UPDATE SET version = excluded.version, check_at = excluded.check_at, checks = 0, restarts = 0,
    orphan_since = NULL;
  RETURN QUERY
  UPDATE saga_watches w SET check_at = clock_timestamp() + make_interval(secs => p_claim_seconds)
    FROM sagas s
   WHERE s.id = w.saga_id AND w.saga_id IN (
     SELECT due.saga_id FROM saga_watches due JOIN sagas d ON d.id = due.saga_id
      WHERE due.check_at <= clock_timestamp() AND due.version = d.version AND p_outlines ? d.definition
        AND NOT EXISTS (SELECT FROM saga_starts n WHERE n.saga_id = due.saga_id)
      ORDER BY due.check_at LIMIT p_limit)
  RETURNING s.id, s.definition, w.version;
END $$;

-- The workflow of a saga was looked for and is open. Its restarts still count: it has not moved.
CREATE OR REPLACE FUNCTION orphan_found_open(p_saga uuid, p_version integer, p_after_seconds double precision) RETURNS void LANGUAGE sql AS $$
  UPDATE saga_watches SET checks = checks + 1, orphan_since = NULL,
    check_at = clock_timestamp() + orphan_pause(p_after_seconds, checks + 1)
   WHERE saga_id = p_saga AND version = p_version
$$;

-- The workflow of a saga was looked for and is gone. Only if the saga has work left, has not moved since it was looked at
-- and nobody else is at it: notes that it is started again, or, after p_restarts_max restarts that moved nothing, parks
-- its open step. 'restarted', 'parked' or 'moved' (nothing was done).
-- A saga that owes no step any more, and only has to be closed, has none to park: it is restarted on and on, slowly.
CREATE OR REPLACE FUNCTION orphan_restart(p_saga uuid, p_version integer, p_found text, p_outline jsonb,
  p_after_seconds double precision, p_restarts_max integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  saga sagas := saga_lock(p_saga);
  open_step text := saga_open_step(p_saga, saga.status, saga.reason_code IS NOT NULL, p_outline);
  before integer;
BEGIN
  IF saga.version <> p_version OR (saga.status IN ('completed', 'rejected', 'cancelled') AND open_step IS NULL)
    OR EXISTS (SELECT FROM saga_starts WHERE saga_id = p_saga) THEN
    RETURN 'moved';
  END IF;
  SELECT restarts INTO before FROM saga_watches WHERE saga_id = p_saga AND version = p_version FOR UPDATE;
  IF NOT FOUND THEN
    RETURN 'moved';
  END IF;
  IF before >= p_restarts_max AND open_step IS NOT NULL THEN
    PERFORM orphan_park(p_saga, open_step);
    RETURN 'parked';
  END IF;
  PERFORM saga_advance(p_saga, NULL, 'WorkflowRestarted', jsonb_build_object('found', p_found, 'restart', before + 1), 1);
  UPDATE saga_watches SET version = p_version + 1, restarts = before + 1, checks = before + 1,
    orphan_since = coalesce(orphan_since, clock_timestamp()),
    check_at = clock_timestamp() + orphan_pause(p_after_seconds, before + 1) WHERE saga_id = p_saga;
  INSERT INTO saga_starts (saga_id, claimed_until, is_restart) VALUES (p_saga, clock_timestamp(), true);
  RETURN 'restarted';
END $$;

-- Parks the open step of an orphan where operators see it, also that of a saga that is still pending: no workflow does
-- it. What was to be woken is told to the operator instead; a retry makes a new note. The caller has locked the row.
CREATE OR REPLACE FUNCTION orphan_park(p_saga uuid, p_step text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  saga sagas := saga_lock(p_saga);
  was_parked boolean;
BEGIN
  SELECT parked_at IS NOT NULL INTO was_parked FROM step_fences WHERE saga_id = p_saga AND step = p_step;
  INSERT INTO step_fences AS f (saga_id, step, state, parked_at, parked_error, parked_noted_at)
  VALUES (p_saga, p_step, 'pending', clock_timestamp(), 'ORPHAN', clock_timestamp())
  ON CONFLICT (saga_id, step) DO UPDATE SET parked_at = coalesce(f.parked_at, excluded.parked_at),
    parked_error = excluded.parked_error, parked_noted_at = excluded.parked_noted_at, updated_at = clock_timestamp(),
    state = CASE WHEN saga.reason_code IS NULL THEN f.state ELSE 'undoing' END;
  IF was_parked IS NOT TRUE THEN
    PERFORM saga_advance(p_saga, CASE WHEN saga.status <> 'completed' THEN 'parked' END,
      'StepParked', jsonb_build_object('step', p_step, 'errorClass', 'ORPHAN'), 2);
  END IF;
  DELETE FROM saga_wakes WHERE saga_id = p_saga;
  UPDATE saga_watches SET version = (SELECT version FROM sagas WHERE id = p_saga), check_at = NULL, orphan_since = NULL
   WHERE saga_id = p_saga;
END $$;

-- A saga was to be woken, and no workflow of it is open: it is looked at as soon as possible, as if for the first time.
CREATE OR REPLACE FUNCTION orphan_summon(p_saga uuid) RETURNS void LANGUAGE sql AS $$
  INSERT INTO saga_watches AS w (saga_id, version, check_at)
  SELECT s.id, s.version, clock_timestamp() FROM sagas s
   WHERE s.id = p_saga AND NOT EXISTS (SELECT FROM saga_starts n WHERE n.saga_id = s.id)
  ON CONFLICT (saga_id) DO UPDATE SET version = excluded.version, check_at = excluded.check_at, checks = 0, restarts = 0
$$;
