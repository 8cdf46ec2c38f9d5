-- The event store for streams whose aggregate has no row of its own: the head is a row here. A saga's stream has its
-- head in the saga's row. Either way the head is moved first, so version n+1 is seen only after n has committed.
CREATE TABLE "streams" (
    "id" TEXT NOT NULL,
    "version" INTEGER NOT NULL,

    CONSTRAINT "streams_pkey" PRIMARY KEY ("id")
);

-- A state that was folded once, so that it need not be folded again. Disposable.
CREATE TABLE "snapshots" (
    "stream_id" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "state_version" INTEGER NOT NULL,
    "state" JSONB NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "snapshots_pkey" PRIMARY KEY ("stream_id", "version")
);

ALTER TABLE streams ADD CONSTRAINT streams_version_positive CHECK (version > 0);

-- One event and its outbox row. The caller has moved the head to p_version.
CREATE FUNCTION event_append(p_stream text, p_version integer, p_type text, p_schema_version integer, p_data jsonb,
  p_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO events (stream_id, version, type, schema_version, data, recorded_at)
  VALUES (p_stream, p_version, p_type, p_schema_version, p_data, p_at);
  INSERT INTO outbox (stream_id, version) VALUES (p_stream, p_version);
END $$;

-- Appends [{type, schemaVersion, data}] if the stream is at p_expected (0: it does not exist). Answers the new version,
-- or null when somebody else came first: nothing is written then.
CREATE FUNCTION stream_append(p_stream text, p_expected integer, p_events jsonb) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  head integer;
  item record;
BEGIN
  IF p_expected = 0 THEN
    INSERT INTO streams (id, version) VALUES (p_stream, jsonb_array_length(p_events)) ON CONFLICT DO NOTHING
    RETURNING version INTO head;
  ELSE
    UPDATE streams SET version = version + jsonb_array_length(p_events) WHERE id = p_stream AND version = p_expected
    RETURNING version INTO head;
  END IF;
  IF head IS NOT NULL THEN
    FOR item IN SELECT e.event, e.n FROM jsonb_array_elements(p_events) WITH ORDINALITY AS e (event, n) ORDER BY e.n LOOP
      PERFORM event_append(p_stream, p_expected + item.n::integer, item.event->>'type',
        (item.event->>'schemaVersion')::integer, item.event->'data', clock_timestamp());
    END LOOP;
  END IF;
  RETURN head;
END $$;

-- As before, with the version of the data's shape.
DROP FUNCTION saga_advance(uuid, text, text, jsonb);
CREATE FUNCTION saga_advance(p_saga uuid, p_status text, p_type text, p_data jsonb, p_schema_version integer DEFAULT 1)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  stream text;
  head integer;
  at timestamptz;
BEGIN
  UPDATE sagas SET version = version + 1, status = coalesce(p_status, status),
    -- The first event is as old as its saga.
    updated_at = CASE version WHEN 0 THEN created_at ELSE clock_timestamp() END
   WHERE id = p_saga
  RETURNING split_part(definition, '@', 1) || '-' || id, version, updated_at INTO STRICT stream, head, at;
  PERFORM event_append(stream, head, p_type, p_schema_version, p_data, at);
END $$;

-- What keeps a step from going on is its errorClass, as everywhere else: shape 2 of these events, and of StepParked. Shape 1
-- said `error`; events/upcasting.ts reads both.
CREATE OR REPLACE FUNCTION saga_note_skipped(p_saga uuid, p_step text, p_error text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM saga_lock(p_saga);
  INSERT INTO step_fences (saga_id, step, state, parked_error) VALUES (p_saga, p_step, 'skipped', p_error)
  ON CONFLICT (saga_id, step) DO NOTHING;
  IF FOUND THEN
    PERFORM saga_advance(p_saga, NULL, 'StepSkipped',
      jsonb_build_object('step', p_step, 'errorClass', p_error, 'by', 'saga'), 2);
  END IF;
END $$;

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
  ELSIF saga.reason_code IS NULL AND saga.status <> 'completed' THEN
    RETURN 'not_skippable';
  END IF;
  -- A step whose undo never got as far as marking it is marked now: a fence is skipped only from there.
  UPDATE step_fences SET state = 'undoing' WHERE saga_id = p_saga AND step = p_step AND state IN ('intended', 'done');
  UPDATE step_fences SET state = 'skipped', parked_at = NULL, updated_at = clock_timestamp()
   WHERE saga_id = p_saga AND step = p_step;
  PERFORM saga_advance(p_saga, saga_status_unparked(saga),
    CASE WHEN saga.reason_code IS NULL THEN 'StepSkipped' ELSE 'CompensationSkipped' END,
    jsonb_build_object('step', p_step, 'errorClass', before->p_step->>'error', 'by', 'operator'), 2);
  PERFORM saga_wake(p_saga);
  INSERT INTO operator_actions (at, actor, action, saga_id, step, reason, before, after)
  VALUES (clock_timestamp(), p_actor, 'skip', p_saga, p_step, p_reason, before, parked_steps(p_saga));
  RETURN 'accepted';
END $$;
