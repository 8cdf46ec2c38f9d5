-- The row of a saga: opened, locked, advanced, woken, cancelled.
--
-- The functions of this folder judge every change of a saga. The application calls each in one statement, which is one
-- database transaction. Locks are always taken in the same order: the saga's row, its fences, then the rows of the
-- participant by key. So two attempts at one saga run one after the other, and the second sees what the first
-- committed. docs/saga.md states the rules, and the order of events that each rule prevents.

-- Writes the row of a new saga, and the note that its workflow must be started. p_before_pivot are the steps of its
-- definition that must be done before its pivot. For a second the start is left to the process that took the saga in.
-- p_trace_parent is the W3C traceparent of the request, and null while tracing is off. Returns its deadline: the clock of
-- the database counts.
CREATE OR REPLACE FUNCTION saga_open_traced(p_id uuid, p_definition text, p_before_pivot text[], p_deadline_seconds integer,
  p_trace_parent text) RETURNS timestamptz LANGUAGE sql AS $$
  INSERT INTO sagas (id, definition, before_pivot, deadline_at, trace_parent)
  VALUES (p_id, p_definition, p_before_pivot, now() + make_interval(secs => p_deadline_seconds), p_trace_parent);
  INSERT INTO saga_starts (saga_id, claimed_until) VALUES (p_id, clock_timestamp() + interval '1 second');
  SELECT deadline_at FROM sagas WHERE id = p_id
$$;

-- The same without a trace. It may still be called by a function of the release before that is running now.
CREATE OR REPLACE FUNCTION saga_open(p_id uuid, p_definition text, p_before_pivot text[], p_deadline_seconds integer)
RETURNS timestamptz LANGUAGE sql AS $$
  SELECT saga_open_traced(p_id, p_definition, p_before_pivot, p_deadline_seconds, NULL)
$$;

-- A step that must be done before the pivot, and is not; null when there is none.
CREATE OR REPLACE FUNCTION saga_missing(p_saga uuid, p_before_pivot text[]) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT step FROM unnest(p_before_pivot) WITH ORDINALITY AS needed (step, n)
   WHERE NOT EXISTS (SELECT 1 FROM step_fences f WHERE f.saga_id = p_saga AND f.step = needed.step AND f.state = 'done')
   ORDER BY n LIMIT 1
$$;

-- Locks the row and returns it. Only functions of this folder call it, and only to assign it to a variable: a caller
-- that reads a table's row type in FROM fails when the table gets a column meanwhile.
CREATE OR REPLACE FUNCTION saga_lock(p_saga uuid) RETURNS sagas LANGUAGE plpgsql AS $$
DECLARE
  saga sagas;
BEGIN
  SELECT * INTO saga FROM sagas WHERE id = p_saga FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no saga %', p_saga USING ERRCODE = 'no_data_found';
  END IF;
  RETURN saga;
END $$;

-- The only way to append to a saga's stream. Raises the head (the version in the saga's row) and, where p_status is
-- given, sets the status. p_schema_version is the version of the shape of p_data. The event is published in the trace of
-- its saga. The caller has locked the row.
CREATE OR REPLACE FUNCTION saga_advance(p_saga uuid, p_status text, p_type text, p_data jsonb, p_schema_version integer)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  stream text;
  head integer;
  at timestamptz;
  trace text;
BEGIN
  UPDATE sagas SET version = version + 1, status = coalesce(p_status, status),
    -- The first event has the time of its saga.
    updated_at = CASE version WHEN 0 THEN created_at ELSE clock_timestamp() END
   WHERE id = p_saga
  RETURNING split_part(definition, '@', 1) || '-' || id, version, updated_at, trace_parent
    INTO STRICT stream, head, at, trace;
  PERFORM event_append_traced(stream, head, p_type, p_schema_version, p_data, at, trace);
END $$;

-- A sleeping saga must look at its row: notes it for its workflow (the process that has woken it deletes the note), or has
-- the reactions of a choreographed one tried at once.
CREATE OR REPLACE FUNCTION saga_wake(p_saga uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT coordination FROM sagas WHERE id = p_saga) = 'choreography' THEN
    UPDATE reactions SET is_woken = true, due_at = clock_timestamp() WHERE saga_id = p_saga;
  ELSE
    INSERT INTO saga_wakes (saga_id, claimed_until) VALUES (p_saga, clock_timestamp())
    ON CONFLICT (saga_id) DO UPDATE SET claimed_until = clock_timestamp();
    -- What was not to be looked for before tomorrow moves again.
    UPDATE saga_watches SET check_at = clock_timestamp() WHERE saga_id = p_saga AND check_at > clock_timestamp();
  END IF;
END $$;

-- A cancel is a wish on the row; every later forward statement then refuses. p_note is the customer's own words, and
-- p_actor the name of the caller: the event says who it was, and nothing of what was said.
-- 'recorded' (also when it was wished before), 'compensating' (no effect), 'cancelled', 'too_late' or 'unknown'.
-- A saga that has recorded nothing for 5 seconds is woken too: it may sleep without having noted that it waits.
CREATE OR REPLACE FUNCTION saga_cancel(p_saga uuid, p_note text, p_actor text) RETURNS text LANGUAGE plpgsql AS $$
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
    PERFORM saga_advance(p_saga, NULL, 'CancelRequested', jsonb_build_object('by', p_actor), 1);
    IF saga.status IN ('waiting', 'parked')
      OR (saga.status = 'processing' AND saga.updated_at < clock_timestamp() - interval '5 seconds') THEN
      PERFORM saga_wake(p_saga);
    END IF;
  END IF;
  RETURN 'recorded';
END $$;
