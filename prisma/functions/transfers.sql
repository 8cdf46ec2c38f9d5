-- The second saga: money from one account to another. Its saga row judges its steps as it does for an order. The
-- accounts are event-sourced, and a step appends to one of them in the statement that settles the step.

-- Requests a transfer: its saga, the transfer, the idempotency key, TransferRequested and its outbox row. The accounts
-- are not read: the steps do that. placed | replayed (the saga is the first one) | reused |
-- paused (the intake is). p_trace_parent as for saga_open_traced.
CREATE OR REPLACE FUNCTION transfer_place_traced(p_id uuid, p_definition text, p_caller text, p_key text, p_body_hash text,
  p_transfer jsonb, p_before_pivot text[], p_deadline_seconds integer, p_trace_parent text,
  OUT verdict text, OUT id uuid, OUT created_at timestamptz, OUT deadline_at timestamptz) LANGUAGE plpgsql AS $$
DECLARE
  holder record;
BEGIN
  SELECT * INTO holder FROM idempotency_find(p_caller, p_key, p_body_hash);
  IF holder.saga IS NULL THEN
    IF intake_is_paused() THEN
      verdict := 'paused';
      RETURN;
    END IF;
    SELECT * INTO holder FROM idempotency_take(p_caller, p_key, p_body_hash, p_id);
  END IF;
  IF holder.saga <> p_id THEN
    verdict := CASE WHEN holder.is_reused THEN 'reused' ELSE 'replayed' END;
  ELSE
    verdict := 'placed';
    transfer_place_traced.deadline_at := saga_open_traced(p_id, p_definition, p_before_pivot, p_deadline_seconds,
      p_trace_parent);
    INSERT INTO transfers (id, source_account_id, destination_account_id, amount_minor, currency)
    VALUES (p_id, p_transfer->>'sourceAccountId', p_transfer->>'destinationAccountId',
      (p_transfer->>'amountMinor')::bigint, p_transfer->>'currency');
    PERFORM saga_advance(p_id, NULL, 'TransferRequested', jsonb_build_object(
      'sourceAccountId', p_transfer->>'sourceAccountId', 'destinationAccountId', p_transfer->>'destinationAccountId',
      'amountMinor', (p_transfer->>'amountMinor')::bigint, 'currency', p_transfer->>'currency',
      'deadlineAt', transfer_place_traced.deadline_at), 1);
  END IF;
  SELECT s.id, s.created_at, s.deadline_at INTO id, created_at, deadline_at FROM sagas s WHERE s.id = holder.saga;
END $$;

-- The same as the release before calls it: without a trace.
CREATE OR REPLACE FUNCTION place_transfer(p_id uuid, p_definition text, p_caller text, p_key text, p_body_hash text,
  p_transfer jsonb, p_before_pivot text[], p_deadline_seconds integer,
  OUT verdict text, OUT id uuid, OUT created_at timestamptz, OUT deadline_at timestamptz) LANGUAGE sql AS $$
  SELECT * FROM transfer_place_traced(p_id, p_definition, p_caller, p_key, p_body_hash, p_transfer, p_before_pivot,
    p_deadline_seconds, NULL)
$$;

-- The trace that a saga is part of; null without one.
CREATE OR REPLACE FUNCTION saga_trace(p_saga uuid) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT trace_parent FROM sagas WHERE id = p_saga
$$;

-- Settles a step that was decided on version p_expected of another stream: appends p_events there, or records the
-- refusal where p_refusal is given. 'conflict' when that stream has moved on: nothing is written, and the caller decides
-- again. Other verdicts are those of step_enter.
CREATE OR REPLACE FUNCTION step_append(p_saga uuid, p_step text, p_kind text, p_attempt integer, p_stream text,
  p_expected integer, p_events jsonb, p_refusal jsonb, p_event text, p_data jsonb, OUT verdict text, OUT answer jsonb)
LANGUAGE plpgsql AS $$
DECLARE
  entered record;
  head integer;
BEGIN
  SELECT e.verdict, e.answer INTO entered FROM step_enter(p_saga, p_step, p_kind) e;
  verdict := entered.verdict;
  answer := entered.answer;
  IF verdict NOT IN ('go', 'resume') THEN
    RETURN;
  END IF;
  IF p_refusal IS NULL THEN
    head := stream_append_traced(p_stream, p_expected, p_events, saga_trace(p_saga));
  ELSE
    SELECT version INTO head FROM streams WHERE id = p_stream AND version = p_expected FOR SHARE;
    head := CASE WHEN FOUND OR p_expected = 0 THEN p_expected END;
  END IF;
  IF head IS NULL THEN
    verdict := 'conflict';
  ELSIF p_refusal IS NULL THEN
    PERFORM step_settle(p_saga, p_step, p_attempt, 'done', '{}', p_event, p_data,
      CASE p_kind WHEN 'pivot' THEN 'completed' END);
  ELSE
    PERFORM step_settle(p_saga, p_step, p_attempt, 'refused', p_refusal, NULL, NULL, NULL);
    verdict := 'refused';
    answer := p_refusal;
  END IF;
END $$;

-- The undo of such a step. 'done' also when there was nothing to undo; 'conflict' as above.
CREATE OR REPLACE FUNCTION undo_append(p_saga uuid, p_step text, p_attempt integer, p_stream text, p_expected integer,
  p_events jsonb, p_event text, p_data jsonb, OUT verdict text, OUT answer jsonb) LANGUAGE plpgsql AS $$
BEGIN
  verdict := 'done';
  IF (SELECT e.verdict FROM undo_enter(p_saga, p_step, p_attempt) e) = 'settled' THEN
    RETURN;
  ELSIF stream_append_traced(p_stream, p_expected, p_events, saga_trace(p_saga)) IS NULL THEN
    verdict := 'conflict';
  ELSE
    PERFORM undo_settle(p_saga, p_step, p_event, p_data);
  END IF;
END $$;
