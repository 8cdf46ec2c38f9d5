-- What operators watch and do.

-- The sagas by their last move: what ended lately is few of many, and lies together. An index of ranges, because a move
-- changes nothing else that is indexed: it stays a change of one row in its page, and not one of every index.
CREATE INDEX sagas_moved ON sagas USING brin (updated_at) WITH (pages_per_range = 16, autosummarize = on);

-- The transfers of an account are listed, also those that it receives.
CREATE INDEX "transfers_destination_account_id_id_idx" ON "transfers"("destination_account_id", "id");

-- A batch of retries can be paused.
ALTER TABLE retry_batches
  DROP CONSTRAINT retry_batches_status,
  ADD CONSTRAINT retry_batches_status CHECK (status IN ('running', 'paused', 'done', 'stopped'));

-- What was done to a batch is recorded as everything is that operators do.
ALTER TABLE "operator_actions" ADD COLUMN "retry_batch_id" UUID;
CREATE INDEX "operator_actions_retry_batch_id_idx" ON "operator_actions"("retry_batch_id");
ALTER TABLE "operator_actions" ADD CONSTRAINT "operator_actions_retry_batch_id_fkey" FOREIGN KEY ("retry_batch_id") REFERENCES "retry_batches"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE operator_actions
  DROP CONSTRAINT operator_actions_subject,
  ADD CONSTRAINT operator_actions_subject CHECK (CASE
    WHEN action IN ('retry', 'skip') THEN
      saga_id IS NOT NULL AND dead_letter_id IS NULL AND retry_batch_id IS NULL
    WHEN action IN ('reprocess', 'discard') THEN
      dead_letter_id IS NOT NULL AND saga_id IS NULL AND step IS NULL AND retry_batch_id IS NULL
    WHEN action IN ('pause', 'resume', 'stop') THEN
      retry_batch_id IS NOT NULL AND saga_id IS NULL AND step IS NULL AND dead_letter_id IS NULL
    WHEN action = 'maintain' THEN
      saga_id IS NULL AND dead_letter_id IS NULL AND step IS NULL AND retry_batch_id IS NULL
    ELSE false END);
