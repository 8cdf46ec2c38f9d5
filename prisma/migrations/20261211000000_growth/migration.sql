-- What is listed newest or oldest first is walked along an index, whichever filter is asked for: a list costs the same
-- when its table has a million rows. Each index blocks writes to its table while it is built: for seconds where sagas has
-- a million rows, and moments elsewhere.

-- Letters by state: operators discard them, and discarded ones are kept.
CREATE INDEX "dead_letters_state_created_at_id_idx" ON "dead_letters"("state", "created_at", "id");

-- Who did what: also by what was done.
CREATE INDEX "audit_entries_action_at_id_idx" ON "audit_entries"("action", "at", "id");
CREATE INDEX "audit_entries_subject_action_at_id_idx" ON "audit_entries"("subject", "action", "at", "id");

-- Differences by state: settled ones are kept, and few are open.
CREATE INDEX "reconciliation_differences_state_first_seen_id_idx" ON "reconciliation_differences"("state", "first_seen", "id");

-- Those that have gone are deleted when they are old.
CREATE INDEX reconciliation_differences_gone ON reconciliation_differences (last_seen) WHERE state = 'gone';

-- Transfers of a status are few among the orders, and their sagas are in the same table.
CREATE INDEX sagas_of_transfers ON sagas (status, id) WHERE definition LIKE 'transfer@%';

-- Batches that are to be advanced, for which each API process asks every second.
CREATE INDEX retry_batches_running ON retry_batches (claimed_until) WHERE status = 'running';
