-- Reconciliation: our record of what was done at the providers is compared with what they list.

-- One comparison over a time. It is begun by a worker: until then its window is not closed.
CREATE TABLE "reconciliation_runs" (
    "id" UUID NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'waiting',
    "requested_by" TEXT NOT NULL,
    "requested_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "window_minutes" INTEGER NOT NULL,
    "window_to" TIMESTAMPTZ(3),
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "reconciliation_runs_pkey" PRIMARY KEY ("id")
);
ALTER TABLE reconciliation_runs
  ADD CONSTRAINT reconciliation_runs_state CHECK (state IN ('waiting', 'running', 'ended', 'failed')),
  ADD CONSTRAINT reconciliation_runs_begun CHECK (CASE state
    WHEN 'waiting' THEN window_to IS NULL
    WHEN 'failed' THEN true -- Also one that no part of could begin.
    ELSE window_to IS NOT NULL END),
  ADD CONSTRAINT reconciliation_runs_ended CHECK ((state IN ('ended', 'failed')) = (ended_at IS NOT NULL));
CREATE INDEX "reconciliation_runs_requested_at_id_idx" ON "reconciliation_runs"("requested_at", "id");
CREATE INDEX "reconciliation_runs_ended_at_idx" ON "reconciliation_runs"("ended_at");

-- The part of a run that is about one step: one process at a time does it.
CREATE TABLE "reconciliation_parts" (
    "run_id" UUID NOT NULL,
    "step" TEXT NOT NULL,
    "provider" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'waiting',
    "claim" UUID,
    "claimed_until" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "trouble" TEXT,
    "theirs" INTEGER NOT NULL DEFAULT 0,
    "ours" INTEGER NOT NULL DEFAULT 0,
    "found" INTEGER NOT NULL DEFAULT 0,
    "calls" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "reconciliation_parts_pkey" PRIMARY KEY ("run_id", "step")
);
ALTER TABLE "reconciliation_parts" ADD CONSTRAINT "reconciliation_parts_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "reconciliation_runs"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE reconciliation_parts
  ADD CONSTRAINT reconciliation_parts_state CHECK (state IN ('waiting', 'ended', 'failed'));
CREATE INDEX reconciliation_parts_waiting ON reconciliation_parts (claimed_until) WHERE state = 'waiting';

-- What did not agree. 'deferred': the saga is still in flight. 'seen': by one run. 'open': by two. 'gone': it was open, and a
-- later run found that both sides agree. 'settled': a person has dealt with it.
CREATE TABLE "reconciliation_differences" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "step" TEXT NOT NULL,
    "provider" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "saga_id" UUID,
    "class" TEXT NOT NULL,
    "ours" JSONB,
    "theirs" JSONB,
    "state" TEXT NOT NULL,
    "first_seen" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_seen" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_run" UUID NOT NULL,
    "settled_at" TIMESTAMPTZ(3),

    CONSTRAINT "reconciliation_differences_pkey" PRIMARY KEY ("id")
);
ALTER TABLE reconciliation_differences
  ADD CONSTRAINT reconciliation_differences_class CHECK (class IN ('missing_here', 'missing_there', 'amount', 'currency', 'state', 'late')),
  ADD CONSTRAINT reconciliation_differences_state CHECK (state IN ('deferred', 'seen', 'open', 'gone', 'settled')),
  ADD CONSTRAINT reconciliation_differences_settled CHECK ((state = 'settled') = (settled_at IS NOT NULL));
CREATE INDEX "reconciliation_differences_first_seen_id_idx" ON "reconciliation_differences"("first_seen", "id");
CREATE INDEX "reconciliation_differences_step_key_idx" ON "reconciliation_differences"("step", "key");
CREATE INDEX "reconciliation_differences_saga_id_idx" ON "reconciliation_differences"("saga_id");
CREATE UNIQUE INDEX reconciliation_differences_one ON reconciliation_differences (step, key) WHERE state <> 'settled';
CREATE INDEX reconciliation_differences_unsettled ON reconciliation_differences (step, last_seen)
  WHERE state IN ('deferred', 'seen', 'open');

-- When the next run is due by itself, and what runs that ended have covered without a gap: one row. `due_at` is null until a
-- process that knows the settings has looked, and where no run is due by itself.
CREATE TABLE "reconciliation_schedule" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "due_at" TIMESTAMPTZ(3),
    "covered_to" TIMESTAMPTZ(3),
    "covered_at" TIMESTAMPTZ(3),

    CONSTRAINT "reconciliation_schedule_pkey" PRIMARY KEY ("id")
);
ALTER TABLE reconciliation_schedule ADD CONSTRAINT reconciliation_schedule_one_row CHECK (id = 1);
INSERT INTO reconciliation_schedule DEFAULT VALUES;

-- Our record is read in the order of its changes.
CREATE INDEX "charges_updated_at_key_idx" ON "charges"("updated_at", "key");
CREATE INDEX "shipments_updated_at_key_idx" ON "shipments"("updated_at", "key");
CREATE INDEX "refunds_recorded_at_key_idx" ON "refunds"("recorded_at", "key");

-- A treasurer settles differences; the saga is named where there is one, so that the reason is erased with it. Not
-- validated, so that the table is not read under a lock: what was written before has the narrower form.
ALTER TABLE operator_actions ADD COLUMN "difference_id" UUID;
CREATE INDEX "operator_actions_difference_id_idx" ON "operator_actions"("difference_id");
ALTER TABLE operator_actions
  DROP CONSTRAINT operator_actions_subject,
  ADD CONSTRAINT operator_actions_subject CHECK (CASE
    WHEN action IN ('retry', 'skip', 'approve', 'refuse') THEN
      saga_id IS NOT NULL AND dead_letter_id IS NULL AND retry_batch_id IS NULL AND difference_id IS NULL
    WHEN action IN ('reprocess', 'discard') THEN
      dead_letter_id IS NOT NULL AND saga_id IS NULL AND step IS NULL AND retry_batch_id IS NULL AND difference_id IS NULL
    WHEN action IN ('pause', 'resume', 'stop') THEN
      retry_batch_id IS NOT NULL AND saga_id IS NULL AND step IS NULL AND dead_letter_id IS NULL AND difference_id IS NULL
    WHEN action = 'maintain' THEN
      saga_id IS NULL AND dead_letter_id IS NULL AND step IS NULL AND retry_batch_id IS NULL AND difference_id IS NULL
    WHEN action = 'settle' THEN
      difference_id IS NOT NULL AND step IS NOT NULL AND dead_letter_id IS NULL AND retry_batch_id IS NULL
    ELSE false END) NOT VALID;
