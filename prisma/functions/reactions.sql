-- Choreography: an order without a workflow. What a participant has to do next is a row of reactions. The participant's
-- reactor writes it, in the transaction in which it takes in the event that asks for it; a runner claims it, makes an
-- attempt, and ends it or puts it off. p_outline is the definition of a saga, as in orphans.sql, with `at` (the
-- participant) and `compensation`.

-- Notes that a participant has something to do, once: the step or the undo of that name. A step is noted only while the
-- saga goes forward, and an undo only while it turns back.
CREATE OR REPLACE FUNCTION reaction_add(p_saga uuid, p_activity text, p_participant text, p_is_undo boolean) RETURNS void LANGUAGE sql AS $$
  INSERT INTO reactions (saga_id, activity, participant)
  SELECT id, p_activity, p_participant FROM sagas
   WHERE id = p_saga AND coordination = 'choreography' AND status NOT IN ('rejected', 'cancelled')
     AND (reason_code IS NOT NULL) = p_is_undo
  ON CONFLICT DO NOTHING
$$;

-- Notes a step that an event asks for, if the saga's record calls for it too: before the pivot, the first that is not done.
-- A broker may hand out an event late, twice, or after a restore to a state before it.
CREATE OR REPLACE FUNCTION reaction_step(p_saga uuid, p_outline jsonb, p_activity text, p_participant text) RETURNS void LANGUAGE sql AS $$
  SELECT reaction_add(id, p_activity, p_participant, false) FROM sagas
   WHERE id = p_saga AND CASE
     WHEN status = 'completed' THEN EXISTS (SELECT FROM jsonb_array_elements(p_outline) AS o (step)
       WHERE o.step->>'name' = p_activity AND o.step->>'kind' = 'retriable')
     ELSE p_activity = saga_open_step(id, status, reason_code IS NOT NULL, p_outline) END
$$;

-- The next undo of a saga that turns back: of what is still owed, the last step. Those that are parked go on beside it.
-- Null when there is none.
CREATE OR REPLACE FUNCTION saga_next_undo(p_saga uuid, p_outline jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT o.step FROM jsonb_array_elements(p_outline) WITH ORDINALITY AS o (step, n)
    JOIN step_fences f ON f.saga_id = p_saga AND f.step = o.step->>'name'
   WHERE o.step->>'kind' = 'compensatable' AND f.state IN ('intended', 'done', 'undoing') AND f.parked_at IS NULL
   ORDER BY o.n DESC LIMIT 1
$$;

-- What follows once an undo was begun, done, skipped or parked: the next one, if it is this participant's (any, when
-- p_participant is null). When nothing is owed any more, the saga is closed.
CREATE OR REPLACE FUNCTION reaction_undo(p_saga uuid, p_outline jsonb, p_participant text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  saga sagas := saga_lock(p_saga);
  next jsonb := saga_next_undo(p_saga, p_outline);
BEGIN
  IF saga.reason_code IS NULL OR saga.status IN ('rejected', 'cancelled') THEN
    RETURN;
  ELSIF next->>'at' = coalesce(p_participant, next->>'at') THEN
    PERFORM reaction_add(p_saga, next->>'compensation', next->>'at', true);
  END IF;
  PERFORM choreography_close(p_saga);
END $$;

-- Ends an order that turned back and owes nothing any more: the one that settled the last undo does it. The caller has
-- locked the row.
CREATE OR REPLACE FUNCTION choreography_close(p_saga uuid) RETURNS void LANGUAGE sql AS $$
  SELECT saga_close(id, 'OrderRejected', 'OrderCancelled') FROM sagas
   WHERE id = p_saga AND coordination = 'choreography' AND reason_code IS NOT NULL AND status NOT IN ('rejected', 'cancelled')
     AND NOT EXISTS (SELECT FROM step_fences WHERE saga_id = p_saga AND state IN ('intended', 'done', 'undoing'))
$$;

-- Notes all that a batch of events asks for: p_notes has its sagas with their definitions, each with an activity for
-- reaction_step, or with none for reaction_undo. p_outlines has the steps of these definitions, by name.
CREATE OR REPLACE FUNCTION reactions_note(p_outlines jsonb, p_notes jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  note record;
BEGIN
  FOR note IN
    SELECT saga, p_outlines->definition AS outline, activity, participant
      FROM jsonb_to_recordset(p_notes) AS n (saga uuid, definition text, activity text, participant text)
     ORDER BY saga
  LOOP
    IF note.activity IS NULL THEN
      PERFORM reaction_undo(note.saga, note.outline, note.participant);
    ELSE
      PERFORM reaction_step(note.saga, note.outline, note.activity, note.participant);
    END IF;
  END LOOP;
END $$;

-- Who has something to do: the participants of reactions that are due and that no process has claimed.
CREATE OR REPLACE FUNCTION reactions_due() RETURNS TABLE (name text) LANGUAGE sql STABLE AS $$
  SELECT DISTINCT participant FROM reactions
   WHERE due_at <= clock_timestamp() AND (claimed_until IS NULL OR claimed_until <= clock_timestamp())
$$;

-- Claims up to p_limit reactions of a participant that are due, those first that have waited longest, of definitions that
-- the caller knows. At most p_again of them were tried before: that is how fast those that wait come back to a provider. They
-- come before those that were never tried. p_claim is the token with which they are ended or put off. A claim that ran out is
-- one whose process died, or was too slow: its attempt counts (is_lost).
CREATE OR REPLACE FUNCTION reactions_claim(p_participant text, p_definitions text[], p_claim uuid,
  p_claim_seconds double precision, p_limit integer, p_again integer)
RETURNS TABLE (saga uuid, definition text, activity text, progress jsonb, is_woken boolean, is_lost boolean, deadline_at timestamptz)
LANGUAGE sql AS $$
  WITH again AS MATERIALIZED (
    SELECT r.saga_id, r.activity, r.is_woken, r.claimed_until IS NOT NULL AS is_lost, s.definition, s.deadline_at
      FROM reactions r JOIN sagas s ON s.id = r.saga_id
     WHERE r.participant = p_participant AND r.due_at <= clock_timestamp() AND r.progress <> '{}'
       AND (r.claimed_until IS NULL OR r.claimed_until <= clock_timestamp()) AND s.definition = ANY (p_definitions)
     ORDER BY r.due_at LIMIT least(p_limit, p_again) FOR UPDATE OF r SKIP LOCKED
  ), first AS MATERIALIZED (
    SELECT r.saga_id, r.activity, r.is_woken, r.claimed_until IS NOT NULL AS is_lost, s.definition, s.deadline_at
      FROM reactions r JOIN sagas s ON s.id = r.saga_id
     WHERE r.participant = p_participant AND r.due_at <= clock_timestamp() AND r.progress = '{}'
       AND (r.claimed_until IS NULL OR r.claimed_until <= clock_timestamp()) AND s.definition = ANY (p_definitions)
     ORDER BY r.due_at LIMIT p_limit - (SELECT count(*) FROM again) FOR UPDATE OF r SKIP LOCKED)
  UPDATE reactions r SET claim = p_claim, is_woken = false,
    claimed_until = clock_timestamp() + make_interval(secs => p_claim_seconds)
    FROM (SELECT * FROM again UNION ALL SELECT * FROM first) AS due
   WHERE r.saga_id = due.saga_id AND r.activity = due.activity
  RETURNING r.saga_id, due.definition, r.activity, r.progress, due.is_woken, due.is_lost, due.deadline_at
$$;

-- As reactions_claim, for several participants in one statement: p_limits and p_agains are theirs, in the order of
-- p_participants.
CREATE OR REPLACE FUNCTION reactions_take(p_participants text[], p_limits integer[], p_agains integer[], p_definitions text[],
  p_claim uuid, p_claim_seconds double precision)
RETURNS TABLE (saga uuid, definition text, activity text, participant text, progress jsonb, is_woken boolean, is_lost boolean,
  deadline_at timestamptz, trace_parent text)
LANGUAGE sql AS $$
  SELECT c.saga, c.definition, c.activity, r.participant, c.progress, c.is_woken, c.is_lost, c.deadline_at,
         (SELECT s.trace_parent FROM sagas s WHERE s.id = c.saga)
    FROM unnest(p_participants, p_limits, p_agains) AS r (participant, room, again)
    CROSS JOIN LATERAL reactions_claim(r.participant, p_definitions, p_claim, p_claim_seconds, r.room, r.again) AS c
$$;

-- A reaction has come to its end: its step is done or skipped, or its undo is done. One that settles the last undo closes
-- the saga.
CREATE OR REPLACE FUNCTION reaction_end(p_saga uuid, p_activity text, p_claim uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM saga_lock(p_saga);
  DELETE FROM reactions WHERE saga_id = p_saga AND activity = p_activity AND claim = p_claim;
  PERFORM choreography_close(p_saga);
END $$;

-- A reaction that was refused, or has spent its attempts or its time, turns the saga back. Not so when its step is done: the
-- process that did it was killed before it could end the reaction, and other participants have gone on from there.
CREATE OR REPLACE FUNCTION reaction_turn_back(p_saga uuid, p_activity text, p_claim uuid, p_code text, p_step text, p_detail text)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM saga_lock(p_saga);
  DELETE FROM reactions WHERE saga_id = p_saga AND activity = p_activity AND claim = p_claim;
  IF FOUND AND NOT EXISTS (SELECT FROM step_fences WHERE saga_id = p_saga AND step = p_step AND state = 'done') THEN
    PERFORM saga_begin_compensation(p_saga, p_code, p_step, p_detail);
    PERFORM choreography_close(p_saga);
  END IF;
END $$;

-- A reaction to an optional step has spent its attempts: the saga goes on without that step.
CREATE OR REPLACE FUNCTION reaction_skip(p_saga uuid, p_activity text, p_claim uuid, p_step text, p_error text)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM saga_lock(p_saga);
  DELETE FROM reactions WHERE saga_id = p_saga AND activity = p_activity AND claim = p_claim;
  IF FOUND THEN
    PERFORM saga_note_skipped(p_saga, p_step, p_error);
  END IF;
END $$;

-- Puts a reaction off, and notes in the saga's record that its step is 'waiting' or 'parked', where p_note says so and why.
-- A process that has lost its claim meanwhile notes nothing: its step may have been turned back from, or be in progress
-- elsewhere. A reaction that was woken since it was claimed, or by the note, is due at once.
CREATE OR REPLACE FUNCTION reaction_defer(p_saga uuid, p_activity text, p_claim uuid, p_progress jsonb, p_ms double precision,
  p_step text, p_note text, p_why text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM saga_lock(p_saga);
  PERFORM 1 FROM reactions WHERE saga_id = p_saga AND activity = p_activity AND claim = p_claim FOR UPDATE;
  IF NOT FOUND THEN
    RETURN;
  ELSIF p_note = 'waiting' THEN
    PERFORM saga_note_waiting(p_saga, p_step, p_why);
  ELSIF p_note = 'parked' THEN
    PERFORM saga_note_parked(p_saga, p_step, p_why);
  END IF;
  UPDATE reactions SET claim = NULL, claimed_until = NULL, progress = p_progress,
    due_at = clock_timestamp() + CASE WHEN is_woken THEN interval '0' ELSE make_interval(secs => p_ms / 1000) END
   WHERE saga_id = p_saga AND activity = p_activity AND claim = p_claim;
END $$;

-- Whether a saga has work left of which no reaction is noted, nor any that goes on. Undos that are parked are noted, and
-- are tried again now and then; the next one is not to wait for them.
CREATE OR REPLACE FUNCTION reaction_is_missing(p_saga uuid, p_turns_back boolean) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT NOT EXISTS (SELECT FROM reactions r
      WHERE r.saga_id = p_saga AND NOT (p_turns_back AND coalesce((r.progress->>'isParked')::boolean, false)))
    AND NOT (p_turns_back
      AND EXISTS (SELECT FROM step_fences f WHERE f.saga_id = p_saga AND f.parked_at IS NOT NULL)
      AND NOT EXISTS (SELECT FROM step_fences f
        WHERE f.saga_id = p_saga AND f.parked_at IS NULL AND f.state IN ('intended', 'done', 'undoing')))
$$;

-- Whether the answer of a pivot is awaited, however late it is: an attempt at it is in progress, or was made. One that is
-- paused is not in progress.
CREATE OR REPLACE FUNCTION reaction_is_awaited(p_saga uuid, p_outline jsonb) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM reactions r JOIN jsonb_array_elements(p_outline) AS o (step) ON r.activity = o.step->>'name'
     WHERE r.saga_id = p_saga AND o.step->>'kind' = 'pivot'
       AND (r.claimed_until > clock_timestamp() OR r.progress->>'isTried' = 'true')
       AND NOT EXISTS (SELECT FROM step_fences f WHERE f.saga_id = p_saga AND f.step = r.activity AND f.waiting_for = 'PAUSED'))
$$;

-- The clock of choreography. Looks after open orders: those whose deadline has passed, those whose cancel was wished while
-- no reaction is noted, and, in the order of the ids, those that have not moved for a while and lack one: an event may be a
-- dead letter, or was lost with a broker. Each is turned back, or gets the reaction that its record calls for. It comes round
-- in every process twice a second, so it reads p_limit rows of each kind at most, however many orders are open, and its plans
-- are those for large tables. An order that only waits for its pivot is passed over: enough of them would fill the page.
-- p_from is the id to go on from. reached is the last id of the page, or null when the end was reached: then it begins again.
CREATE OR REPLACE FUNCTION choreography_watch(p_outlines jsonb, p_after_seconds double precision, p_limit integer, p_from uuid,
  OUT looked integer, OUT reached uuid) LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
  at timestamptz := clock_timestamp();
  page uuid[] := ARRAY(SELECT id FROM sagas
    WHERE coordination = 'choreography' AND status NOT IN ('completed', 'rejected', 'cancelled') AND id > p_from
    ORDER BY id LIMIT p_limit);
  late uuid[] := ARRAY(SELECT id FROM sagas
    WHERE coordination = 'choreography' AND status NOT IN ('completed', 'rejected', 'cancelled') AND reason_code IS NULL
      AND deadline_at <= at AND p_outlines ? definition AND NOT reaction_is_awaited(id, p_outlines->definition)
    ORDER BY deadline_at LIMIT p_limit);
  unwanted uuid[] := ARRAY(SELECT id FROM sagas
    WHERE coordination = 'choreography' AND status NOT IN ('completed', 'rejected', 'cancelled') AND reason_code IS NULL
      AND cancel_wished_at IS NOT NULL AND p_outlines ? definition AND reaction_is_missing(id, false)
    ORDER BY id LIMIT p_limit);
  lost uuid[] := ARRAY(SELECT id FROM sagas
    WHERE id = ANY (page) AND updated_at < at - make_interval(secs => p_after_seconds) AND p_outlines ? definition
      AND reaction_is_missing(id, reason_code IS NOT NULL));
  due record;
BEGIN
  looked := 0;
  reached := page[p_limit];
  FOR due IN
    SELECT id, definition FROM sagas
     WHERE id = ANY (late || unwanted || lost) AND status NOT IN ('completed', 'rejected', 'cancelled')
     ORDER BY id FOR UPDATE SKIP LOCKED
  LOOP
    looked := looked + 1;
    PERFORM choreography_recover(due.id, p_outlines->due.definition);
  END LOOP;
END $$;

-- Turns an order back whose time is up or whose cancel is wished, else notes what its record calls for. A pivot that was
-- begun is awaited, unless it is paused: it is certain to answer. The row lock decides against it.
CREATE OR REPLACE FUNCTION choreography_recover(p_saga uuid, p_outline jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  saga sagas := saga_lock(p_saga);
  step jsonb;
BEGIN
  SELECT o INTO step FROM jsonb_array_elements(p_outline) AS o
   WHERE o->>'name' = saga_open_step(p_saga, saga.status, saga.reason_code IS NOT NULL, p_outline);
  IF saga.reason_code IS NOT NULL THEN
    PERFORM reaction_undo(p_saga, p_outline, NULL);
  ELSIF saga.cancel_wished_at IS NOT NULL AND reaction_is_missing(p_saga, false) THEN
    PERFORM saga_begin_compensation(p_saga, 'CANCELLED_BY_CUSTOMER', step->>'name', NULL);
    PERFORM choreography_close(p_saga);
  ELSIF saga.deadline_at > clock_timestamp() THEN
    PERFORM reaction_add(p_saga, step->>'name', step->>'at', false);
  ELSIF NOT reaction_is_awaited(p_saga, p_outline) THEN
    DELETE FROM reactions WHERE saga_id = p_saga;
    PERFORM saga_begin_compensation(p_saga, 'DEADLINE_EXCEEDED', step->>'name', NULL);
    PERFORM choreography_close(p_saga);
  END IF;
END $$;
