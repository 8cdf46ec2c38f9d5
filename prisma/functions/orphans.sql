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

-- Both functions below come round each second in every process. They look at 500 rows at most, each found by its key,
-- however many sagas are open; and their plans are those for large tables, whatever was last known of their sizes.

-- Goes on through the open sagas, in the order of their ids, and has those watched that have not moved for a while; also
-- those again that were parked as orphans and have moved since. Those whose workflow is not started yet are passed over.
-- p_after is the id to go on from. Returns the last id looked at, or null when the end was reached: then it begins again.
CREATE OR REPLACE FUNCTION orphans_watch(p_outlines jsonb, p_after_seconds double precision, p_after uuid) RETURNS uuid
LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
  page uuid[] := ARRAY(SELECT id FROM sagas
    WHERE status NOT IN ('completed', 'rejected', 'cancelled') AND coordination = 'orchestration' AND id > p_after
    ORDER BY id LIMIT 500);
BEGIN
  INSERT INTO saga_watches (saga_id, version, check_at)
  SELECT s.id, s.version, s.updated_at + make_interval(secs => p_after_seconds) FROM sagas s
    LEFT JOIN LATERAL (SELECT version, check_at FROM saga_watches WHERE saga_id = s.id LIMIT 1) w ON true
    LEFT JOIN LATERAL (SELECT saga_id FROM saga_starts WHERE saga_id = s.id LIMIT 1) n ON true
   WHERE s.id = ANY (page) AND s.updated_at < clock_timestamp() - make_interval(secs => p_after_seconds)
     AND p_outlines ? s.definition AND n.saga_id IS NULL
     AND (w.version IS NULL OR (w.check_at IS NULL AND w.version <> s.version))
   ORDER BY s.id
  ON CONFLICT (saga_id) DO UPDATE SET version = excluded.version, check_at = excluded.check_at, checks = 0, restarts = 0,
    orphan_since = NULL;
  RETURN page[500];
END $$;

-- Takes up to p_limit watched sagas whose workflow is to be looked for now; no other process gets them for
-- p_claim_seconds. One process takes at a time: another that comes meanwhile gets none.
CREATE OR REPLACE FUNCTION orphans_take(p_outlines jsonb, p_after_seconds double precision, p_claim_seconds integer, p_limit integer)
RETURNS TABLE (saga uuid, saga_definition text, saga_version integer) LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
  at timestamptz := clock_timestamp();
  after interval := make_interval(secs => p_after_seconds);
  due record;
  taken integer := 0;
BEGIN
  IF NOT pg_try_advisory_xact_lock(72707373) THEN
    RETURN;
  END IF;
  FOR due IN
    SELECT s.id, s.definition, s.version, s.status, s.updated_at, s.reason_code IS NOT NULL AS has_reason,
           w.version <> s.version AS has_moved, n.saga_id IS NOT NULL AS is_to_be_started
      FROM (SELECT saga_id, version, check_at FROM saga_watches WHERE check_at <= at ORDER BY check_at LIMIT 500) w
      CROSS JOIN LATERAL (SELECT * FROM sagas WHERE id = w.saga_id LIMIT 1) s
      LEFT JOIN LATERAL (SELECT saga_id FROM saga_starts WHERE saga_id = w.saga_id LIMIT 1) n ON true
     ORDER BY w.check_at
  LOOP
    IF NOT p_outlines ? due.definition THEN
      -- It is left to a process that knows its definition, and moved out of the way of those behind it.
      UPDATE saga_watches SET check_at = at + make_interval(secs => p_claim_seconds) WHERE saga_id = due.id AND check_at <= at;
    ELSIF due.status IN ('completed', 'rejected', 'cancelled')
      AND saga_open_step(due.id, due.status, due.has_reason, p_outlines->due.definition) IS NULL THEN
      DELETE FROM saga_watches WHERE saga_id = due.id AND check_at <= at;
    ELSIF due.is_to_be_started THEN
      UPDATE saga_watches SET check_at = at + after WHERE saga_id = due.id AND check_at <= at;
    ELSIF due.has_moved AND due.updated_at + after > at THEN
      UPDATE saga_watches SET version = due.version, checks = 0, restarts = 0, orphan_since = NULL,
        check_at = due.updated_at + after WHERE saga_id = due.id AND check_at <= at;
    ELSIF taken < p_limit THEN
      UPDATE saga_watches w SET check_at = at + make_interval(secs => p_claim_seconds), version = due.version,
        checks = CASE WHEN due.has_moved THEN 0 ELSE w.checks END, restarts = CASE WHEN due.has_moved THEN 0 ELSE w.restarts END,
        orphan_since = CASE WHEN NOT due.has_moved THEN w.orphan_since END
       WHERE saga_id = due.id AND check_at <= at;
      IF FOUND THEN
        taken := taken + 1;
        RETURN QUERY SELECT due.id, due.definition, due.version;
      END IF;
    END IF;
  END LOOP;
END $$;

-- The workflow of a saga was looked for and is open. Its restarts still count: it has not moved. One that waits for a
-- message may do so for weeks, and whoever brings the message has the workflow looked for: a look a day is enough, and
-- one when its time is over.
CREATE OR REPLACE FUNCTION orphan_found_open(p_saga uuid, p_version integer, p_after_seconds double precision) RETURNS void LANGUAGE sql AS $$
  UPDATE saga_watches SET checks = checks + 1, orphan_since = NULL,
    check_at = clock_timestamp() + coalesce((
      SELECT greatest(orphan_pause(p_after_seconds, 0), least(interval '1 day',
          s.deadline_at + orphan_pause(p_after_seconds, 0) - clock_timestamp()))
        FROM step_fences f JOIN sagas s ON s.id = f.saga_id
       WHERE f.saga_id = p_saga AND f.waiting_for = 'MESSAGE' AND s.deadline_at > clock_timestamp()),
      orphan_pause(p_after_seconds, checks + 1))
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
BEGIN
  PERFORM saga_park(p_saga, p_step, 'ORPHAN');
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
