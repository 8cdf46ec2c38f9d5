-- Who may do what, a record of it, and the means to forget people.

CREATE TABLE "api_keys" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "roles" TEXT[],
    "customer_id" TEXT,
    "hash" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),
    "last_used_at" TIMESTAMPTZ(3),

    CONSTRAINT "api_keys_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "api_keys_name_idx" ON "api_keys"("name");
ALTER TABLE api_keys
  ADD CONSTRAINT api_keys_roles CHECK (cardinality(roles) > 0
    AND roles <@ ARRAY['customer', 'viewer', 'operator', 'treasurer', 'admin']),
  ADD CONSTRAINT api_keys_customer CHECK (customer_id IS NOT NULL OR 'customer' <> ALL (roles));

CREATE TABLE "sessions" (
    "hash" BYTEA NOT NULL,
    "key_id" TEXT NOT NULL,
    "key_hash" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "sessions_pkey" PRIMARY KEY ("hash")
);
CREATE INDEX "sessions_expires_at_idx" ON "sessions"("expires_at");

CREATE TABLE "audit_entries" (
    "id" BIGSERIAL NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "subject" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "target" TEXT COLLATE "C" NOT NULL,
    "request_id" TEXT NOT NULL,

    CONSTRAINT "audit_entries_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "audit_entries_at_id_idx" ON "audit_entries"("at", "id");
CREATE INDEX "audit_entries_subject_at_id_idx" ON "audit_entries"("subject", "at", "id");
CREATE INDEX "audit_entries_target_idx" ON "audit_entries"("target");

CREATE TABLE "audit_outcomes" (
    "entry_id" BIGINT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "outcome" TEXT NOT NULL,
    "made" TEXT,

    CONSTRAINT "audit_outcomes_pkey" PRIMARY KEY ("entry_id")
);

CREATE TABLE "audit_reasons" (
    "entry_id" BIGINT NOT NULL,
    "reason" TEXT NOT NULL,

    CONSTRAINT "audit_reasons_pkey" PRIMARY KEY ("entry_id")
);

CREATE TABLE "operator_reasons" (
    "action_id" BIGINT NOT NULL,
    "reason" TEXT NOT NULL,

    CONSTRAINT "operator_reasons_pkey" PRIMARY KEY ("action_id")
);

-- What was recorded so far: the reasons move to where they can be erased. The owner of the table may, by hand, do what
-- its trigger refuses.
INSERT INTO operator_reasons (action_id, reason) SELECT id, reason FROM operator_actions;
ALTER TABLE "operator_actions" ALTER COLUMN "reason" DROP NOT NULL;
ALTER TABLE operator_actions DISABLE TRIGGER USER;
UPDATE operator_actions SET reason = NULL;
ALTER TABLE operator_actions ENABLE TRIGGER USER;

CREATE TABLE "erasures" (
    "id" BIGSERIAL NOT NULL,
    "customer_id" TEXT NOT NULL,
    "requested_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "look_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "reached" UUID NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000'::uuid,
    "open_from" UUID,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "erasures_pkey" PRIMARY KEY ("id")
);
-- One that is open covers what is asked again meanwhile.
CREATE UNIQUE INDEX erasures_open ON erasures (customer_id) WHERE finished_at IS NULL;

-- The orders that are not erased yet, which are gone through from the oldest on. Each order has a token until then.
CREATE INDEX orders_not_erased ON orders (id) WHERE payment_method <> '';

-- What operators did to the events of a stream that were set aside: the rows of those may be gone.
CREATE INDEX operator_actions_dead_stream ON operator_actions ((before->>'stream_id')) WHERE dead_letter_id IS NOT NULL;

-- The accounts of a customer: their streams are all there is of them.
CREATE INDEX events_account_owner ON events ((data->>'ownerId'), stream_id) WHERE type = 'AccountOpened';
