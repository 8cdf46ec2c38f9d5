-- Streams of events. The head of a saga's stream is the version in its row; another stream has its head in `streams`.
-- The head is always moved first, so version n+1 is visible only after n has committed.

-- Writes one event and its outbox row, which carries the trace that the event is published in. The caller has moved the
-- head to p_version.
CREATE OR REPLACE FUNCTION event_append_traced(p_stream text, p_version integer, p_type text, p_schema_version integer,
  p_data jsonb, p_at timestamptz, p_trace_parent text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO events (stream_id, version, type, schema_version, data, recorded_at)
  VALUES (p_stream, p_version, p_type, p_schema_version, p_data, p_at);
  INSERT INTO outbox (stream_id, version, trace_parent) VALUES (p_stream, p_version, p_trace_parent);
END $$;

-- The same without a trace. It may still be called by a function of the release before that is running now.
CREATE OR REPLACE FUNCTION event_append(p_stream text, p_version integer, p_type text, p_schema_version integer,
  p_data jsonb, p_at timestamptz) RETURNS void LANGUAGE sql AS $$
  SELECT event_append_traced(p_stream, p_version, p_type, p_schema_version, p_data, p_at, NULL)
$$;

-- Appends [{type, schemaVersion, data}] if the stream is at p_expected (0: it does not exist). Returns the new version,
-- or null when the stream is at another version: then nothing is written.
CREATE OR REPLACE FUNCTION stream_append_traced(p_stream text, p_expected integer, p_events jsonb, p_trace_parent text)
RETURNS integer LANGUAGE plpgsql AS $$
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
      PERFORM event_append_traced(p_stream, p_expected + item.n::integer, item.event->>'type',
        (item.event->>'schemaVersion')::integer, item.event->'data', clock_timestamp(), p_trace_parent);
    END LOOP;
  END IF;
  RETURN head;
END $$;

-- The same as the release before calls it: without a trace.
CREATE OR REPLACE FUNCTION stream_append(p_stream text, p_expected integer, p_events jsonb) RETURNS integer LANGUAGE sql AS $$
  SELECT stream_append_traced(p_stream, p_expected, p_events, NULL)
$$;
