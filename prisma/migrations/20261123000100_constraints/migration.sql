-- What Prisma's schema cannot say. A violated CHECK is a bug, never an answer to a customer: refusals are computed
-- before anything is written.

ALTER TABLE products
  ADD CONSTRAINT products_sku_form CHECK (sku ~ '^[A-Z0-9][A-Z0-9-]{0,39}$'),
  -- The largest order, 100 lines of 1000 of the dearest product, has a total that is exact as a number in JSON.
  ADD CONSTRAINT products_price_safe CHECK (price_minor BETWEEN 1 AND 90071992547);

ALTER TABLE stock
  ADD CONSTRAINT stock_available_not_negative CHECK (available >= 0),
  ADD CONSTRAINT stock_reserved_not_negative CHECK (reserved >= 0),
  ADD CONSTRAINT stock_sold_not_negative CHECK (sold >= 0),
  ADD CONSTRAINT stock_adds_up CHECK (available + reserved + sold = received);

ALTER TABLE stock_movements
  ADD CONSTRAINT stock_movements_kind CHECK (kind IN ('reserved', 'released', 'sold')),
  ADD CONSTRAINT stock_movements_quantity_positive CHECK (quantity > 0);

-- Reserved stock is either released or sold, never both.
CREATE UNIQUE INDEX stock_movements_one_end ON stock_movements (order_id, sku) WHERE kind IN ('released', 'sold');

ALTER TABLE orders
  ADD CONSTRAINT orders_total_safe CHECK (total_minor BETWEEN 1 AND 9007199254740991);

ALTER TABLE order_lines
  ADD CONSTRAINT order_lines_quantity CHECK (quantity BETWEEN 1 AND 1000),
  ADD CONSTRAINT order_lines_price_positive CHECK (unit_price_minor > 0);

ALTER TABLE charges
  ADD CONSTRAINT charges_state CHECK (state IN ('live', 'refunded')),
  ADD CONSTRAINT charges_amount_positive CHECK (amount_minor > 0);
CREATE UNIQUE INDEX charges_one_live ON charges (order_id) WHERE state = 'live';

ALTER TABLE shipments
  ADD CONSTRAINT shipments_state CHECK (state IN ('live', 'cancelled'));
CREATE UNIQUE INDEX shipments_one_live ON shipments (order_id) WHERE state = 'live';

ALTER TABLE loyalty_entries
  ADD CONSTRAINT loyalty_entries_kind CHECK ((kind = 'awarded' AND points >= 0) OR (kind = 'revoked' AND points <= 0));

ALTER TABLE transfers
  ADD CONSTRAINT transfers_amount_safe CHECK (amount_minor BETWEEN 1 AND 9007199254740991),
  ADD CONSTRAINT transfers_two_accounts CHECK (source_account_id <> destination_account_id);

ALTER TABLE sagas
  ADD CONSTRAINT sagas_definition_form CHECK (definition ~ '^[a-z]+@[0-9]+$'),
  ADD CONSTRAINT sagas_status CHECK (status IN
    ('pending', 'processing', 'waiting', 'parked', 'compensating', 'completed', 'rejected', 'cancelled')),
  -- A saga that turned back has a reason, and one that did not has none. A parked saga may be either.
  ADD CONSTRAINT sagas_reason CHECK (CASE
    WHEN status IN ('compensating', 'rejected', 'cancelled') THEN reason_code IS NOT NULL AND reason_step IS NOT NULL
    WHEN status = 'parked' THEN true
    ELSE reason_code IS NULL END),
  ADD CONSTRAINT sagas_cancelled_by_customer CHECK (CASE status
    WHEN 'cancelled' THEN reason_code = 'CANCELLED_BY_CUSTOMER'
    WHEN 'rejected' THEN reason_code <> 'CANCELLED_BY_CUSTOMER'
    ELSE true END);

-- The sagas that are not at their end, which are gone through in the search for orphans: few rows of many. By id, which
-- never changes: an index on the time of the last move would be written with each of them.
CREATE INDEX sagas_open ON sagas (id) WHERE status NOT IN ('completed', 'rejected', 'cancelled');

-- Those that turned back, which are listed by why and at which step: few rows of many, and none of a healthy order.
CREATE INDEX sagas_reason_code ON sagas (reason_code, id) WHERE reason_code IS NOT NULL;
CREATE INDEX sagas_reason_step ON sagas (reason_step, id) WHERE reason_step IS NOT NULL;

-- Ids begin with the time of the host that made them. Those that are over a minute away from created_at, which is of
-- this server's clock, are not found by it: none, while the clocks are right.
CREATE INDEX sagas_skewed ON sagas (created_at) WHERE created_at NOT BETWEEN
  to_timestamp((('x' || left(id::text, 8) || substr(id::text, 10, 4))::bit(48)::bigint::float8 - 60000) / 1000) AND
  to_timestamp((('x' || left(id::text, 8) || substr(id::text, 10, 4))::bit(48)::bigint::float8 + 60000) / 1000);

ALTER TABLE step_fences
  ADD CONSTRAINT step_fences_state CHECK (state IN
    ('pending', 'intended', 'done', 'refused', 'undoing', 'undone', 'skipped')),
  ADD CONSTRAINT step_fences_answered CHECK (state NOT IN ('done', 'refused') OR answer IS NOT NULL);

-- The parked steps that operators list: few rows of many.
CREATE INDEX step_fences_parked ON step_fences (parked_at) WHERE parked_at IS NOT NULL;

-- Those that wait or are parked, which are woken page by page when their step or its provider is given back.
CREATE INDEX step_fences_held ON step_fences (step, saga_id) WHERE waiting_for IS NOT NULL OR parked_at IS NOT NULL;

ALTER TABLE maintenance
  ADD CONSTRAINT maintenance_one_row CHECK (id = 1),
  ADD CONSTRAINT maintenance_intake CHECK (intake IN ('open', 'paused'));

ALTER TABLE streams ADD CONSTRAINT streams_version_positive CHECK (version > 0);

-- The events that the relay has not published yet, and the published ones that are old enough to delete.
CREATE INDEX outbox_unpublished ON outbox (id) WHERE published_at IS NULL;
CREATE INDEX outbox_published ON outbox (published_at, id) WHERE published_at IS NOT NULL;

-- An action has one subject. The row of a dead letter that was applied later is deleted, and the actions on it stay:
-- so there is no foreign key.
ALTER TABLE operator_actions
  ADD CONSTRAINT operator_actions_subject CHECK (CASE
    WHEN action IN ('retry', 'skip') THEN saga_id IS NOT NULL AND dead_letter_id IS NULL
    WHEN action IN ('reprocess', 'discard') THEN dead_letter_id IS NOT NULL AND saga_id IS NULL AND step IS NULL
    WHEN action = 'maintain' THEN saga_id IS NULL AND dead_letter_id IS NULL AND step IS NULL
    ELSE false END);

ALTER TABLE retry_batches
  ADD CONSTRAINT retry_batches_status CHECK (status IN ('running', 'done', 'stopped')),
  ADD CONSTRAINT retry_batches_ramp CHECK (ramp_percent BETWEEN 1 AND 100);

ALTER TABLE retry_batch_items
  ADD CONSTRAINT retry_batch_items_state CHECK (state IN ('pending', 'retried', 'succeeded', 'failed'));

ALTER TABLE dead_letters
  ADD CONSTRAINT dead_letters_state CHECK (state IN ('retrying', 'parked', 'behind', 'discarded')),
  ADD CONSTRAINT dead_letters_due CHECK ((state = 'retrying') = (next_attempt_at IS NOT NULL)),
  ADD CONSTRAINT dead_letters_parked_for_a_cause CHECK (state <> 'parked' OR cause IS NOT NULL);

-- Only the first dead letter of a stream is retried; the others wait behind it.
CREATE UNIQUE INDEX dead_letters_one_head ON dead_letters (consumer, stream_id) WHERE state IN ('retrying', 'parked');
CREATE INDEX dead_letters_next ON dead_letters (next_attempt_at) WHERE state = 'retrying';

ALTER TABLE database_release ADD CONSTRAINT database_release_one_row CHECK (id = 1);
