-- The tables of prisma/schema.prisma, as `prisma migrate diff` writes them.

CREATE TABLE "sagas" (
    "id" UUID NOT NULL,
    "definition" TEXT NOT NULL,
    "before_pivot" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "status" TEXT NOT NULL DEFAULT 'pending',
    "reason_code" TEXT,
    "reason_step" TEXT,
    "reason_detail" TEXT,
    "cancel_wished_at" TIMESTAMPTZ(3),
    "cancel_note" TEXT,
    "deadline_at" TIMESTAMPTZ(3) NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "sagas_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "saga_starts" (
    "saga_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "claimed_until" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "is_restart" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "saga_starts_pkey" PRIMARY KEY ("saga_id")
);

CREATE TABLE "saga_watches" (
    "saga_id" UUID NOT NULL,
    "version" INTEGER NOT NULL,
    "check_at" TIMESTAMPTZ(3),
    "checks" INTEGER NOT NULL DEFAULT 0,
    "restarts" INTEGER NOT NULL DEFAULT 0,
    "orphan_since" TIMESTAMPTZ(3),

    CONSTRAINT "saga_watches_pkey" PRIMARY KEY ("saga_id")
);

CREATE TABLE "saga_wakes" (
    "saga_id" UUID NOT NULL,
    "claimed_until" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "saga_wakes_pkey" PRIMARY KEY ("saga_id")
);

CREATE TABLE "step_wakes" (
    "step" TEXT NOT NULL,
    "reached" UUID NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000'::uuid,

    CONSTRAINT "step_wakes_pkey" PRIMARY KEY ("step")
);

CREATE TABLE "step_fences" (
    "saga_id" UUID NOT NULL,
    "step" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "answer" JSONB,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "undo_attempts" INTEGER NOT NULL DEFAULT 0,
    "entries" INTEGER NOT NULL DEFAULT 0,
    "refusal" JSONB,
    "undo_entries" TIMESTAMPTZ(6)[] DEFAULT ARRAY[]::TIMESTAMPTZ(6)[],
    "waiting_for" TEXT,
    "skipped_at" TIMESTAMPTZ(3),
    "parked_at" TIMESTAMPTZ(3),
    "parked_error" TEXT,
    "parked_noted_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "step_fences_pkey" PRIMARY KEY ("saga_id","step")
);

CREATE TABLE "orders" (
    "id" UUID NOT NULL,
    "customer_id" TEXT NOT NULL,
    "currency" CHAR(3) NOT NULL,
    "total_minor" BIGINT NOT NULL,
    "payment_method" TEXT NOT NULL,
    "shipping_service" TEXT NOT NULL,

    CONSTRAINT "orders_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "order_lines" (
    "order_id" UUID NOT NULL,
    "sku" TEXT NOT NULL,
    "position" INTEGER NOT NULL,
    "quantity" INTEGER NOT NULL,
    "unit_price_minor" BIGINT NOT NULL,

    CONSTRAINT "order_lines_pkey" PRIMARY KEY ("order_id","sku")
);

CREATE TABLE "order_addresses" (
    "order_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "line1" TEXT NOT NULL,
    "city" TEXT NOT NULL,
    "postal_code" TEXT NOT NULL,
    "country" CHAR(2) NOT NULL,

    CONSTRAINT "order_addresses_pkey" PRIMARY KEY ("order_id")
);

CREATE TABLE "transfers" (
    "id" UUID NOT NULL,
    "source_account_id" TEXT NOT NULL,
    "destination_account_id" TEXT NOT NULL,
    "amount_minor" BIGINT NOT NULL,
    "currency" CHAR(3) NOT NULL,

    CONSTRAINT "transfers_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "idempotency_keys" (
    "caller" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "body_hash" TEXT NOT NULL,
    "saga_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "idempotency_keys_pkey" PRIMARY KEY ("caller","key")
);

CREATE TABLE "products" (
    "sku" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "currency" CHAR(3) NOT NULL,
    "price_minor" BIGINT NOT NULL,
    "active" BOOLEAN NOT NULL DEFAULT true,

    CONSTRAINT "products_pkey" PRIMARY KEY ("sku")
);

CREATE TABLE "stock" (
    "sku" TEXT NOT NULL,
    "received" INTEGER NOT NULL,
    "available" INTEGER NOT NULL,
    "reserved" INTEGER NOT NULL DEFAULT 0,
    "sold" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "stock_pkey" PRIMARY KEY ("sku")
);

CREATE TABLE "stock_movements" (
    "order_id" UUID NOT NULL,
    "sku" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "quantity" INTEGER NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "stock_movements_pkey" PRIMARY KEY ("order_id","sku","kind")
);

CREATE TABLE "charges" (
    "key" TEXT NOT NULL,
    "order_id" UUID NOT NULL,
    "provider_ref" TEXT NOT NULL,
    "amount_minor" BIGINT NOT NULL,
    "currency" CHAR(3) NOT NULL,
    "state" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "charges_pkey" PRIMARY KEY ("key")
);

CREATE TABLE "shipments" (
    "key" TEXT NOT NULL,
    "order_id" UUID NOT NULL,
    "tracking_number" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "shipments_pkey" PRIMARY KEY ("key")
);

CREATE TABLE "loyalty_entries" (
    "order_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "customer_id" TEXT NOT NULL,
    "points" BIGINT NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "loyalty_entries_pkey" PRIMARY KEY ("order_id","kind")
);

CREATE TABLE "notifications" (
    "order_id" UUID NOT NULL,
    "template" TEXT NOT NULL,
    "customer_id" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "notifications_pkey" PRIMARY KEY ("order_id","template")
);

CREATE TABLE "events" (
    "stream_id" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "type" TEXT NOT NULL,
    "schema_version" INTEGER NOT NULL DEFAULT 1,
    "data" JSONB NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "events_pkey" PRIMARY KEY ("stream_id","version")
);

CREATE TABLE "outbox" (
    "id" BIGSERIAL NOT NULL,
    "stream_id" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "published_at" TIMESTAMPTZ(3),

    CONSTRAINT "outbox_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "streams" (
    "id" TEXT NOT NULL,
    "version" INTEGER NOT NULL,

    CONSTRAINT "streams_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "snapshots" (
    "stream_id" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "state_version" INTEGER NOT NULL,
    "state" JSONB NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "snapshots_pkey" PRIMARY KEY ("stream_id","version")
);

CREATE TABLE "broker_messages" (
    "position" BIGSERIAL NOT NULL,
    "id" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "envelope" JSONB NOT NULL,
    "stored_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "broker_messages_pkey" PRIMARY KEY ("position")
);

CREATE TABLE "broker_cursors" (
    "consumer" TEXT NOT NULL,
    "position" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "broker_cursors_pkey" PRIMARY KEY ("consumer")
);

CREATE TABLE "operator_actions" (
    "id" BIGSERIAL NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "actor" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "saga_id" UUID,
    "dead_letter_id" UUID,
    "step" TEXT,
    "reason" TEXT NOT NULL,
    "before" JSONB NOT NULL,
    "after" JSONB NOT NULL,

    CONSTRAINT "operator_actions_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "maintenance" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "intake" TEXT NOT NULL DEFAULT 'open',
    "breakers" JSONB NOT NULL DEFAULT '{}',
    "paused_steps" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "reason" TEXT,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "maintenance_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "retry_batches" (
    "id" UUID NOT NULL,
    "filter" JSONB NOT NULL,
    "ramp_percent" INTEGER NOT NULL,
    "actor" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'running',
    "claimed_until" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "retry_batches_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "retry_batch_items" (
    "batch_id" UUID NOT NULL,
    "saga_id" UUID NOT NULL,
    "step" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'pending',
    "wave" INTEGER,
    "retried_at" TIMESTAMPTZ(3),

    CONSTRAINT "retry_batch_items_pkey" PRIMARY KEY ("batch_id","saga_id","step")
);

CREATE TABLE "dependency_states" (
    "process" TEXT NOT NULL,
    "provider" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL,
    "seen_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "capacity" INTEGER NOT NULL,
    "in_use" INTEGER NOT NULL,

    CONSTRAINT "dependency_states_pkey" PRIMARY KEY ("process","provider")
);

CREATE TABLE "inbox" (
    "consumer" TEXT NOT NULL,
    "stream_id" TEXT NOT NULL,
    "version" INTEGER NOT NULL,

    CONSTRAINT "inbox_pkey" PRIMARY KEY ("consumer","stream_id")
);

CREATE TABLE "dead_letters" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "consumer" TEXT NOT NULL,
    "stream_id" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "type" TEXT NOT NULL,
    "envelope" JSONB NOT NULL,
    "state" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "cause" TEXT,
    "message" TEXT,
    "trace_id" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "first_failed_at" TIMESTAMPTZ(3),
    "last_failed_at" TIMESTAMPTZ(3),
    "next_attempt_at" TIMESTAMPTZ(3),

    CONSTRAINT "dead_letters_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "projections" (
    "name" TEXT NOT NULL,
    "generation" INTEGER NOT NULL DEFAULT 1,
    "applied_outbox_id" BIGINT NOT NULL DEFAULT 0,
    "rebuild_wished_at" TIMESTAMPTZ(3),
    "rebuilding_generation" INTEGER,
    "rebuilt_events" BIGINT NOT NULL DEFAULT 0,
    "total_events" BIGINT NOT NULL DEFAULT 0,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "projections_pkey" PRIMARY KEY ("name")
);

CREATE TABLE "rebuild_streams" (
    "consumer" TEXT NOT NULL,
    "stream_id" TEXT NOT NULL,

    CONSTRAINT "rebuild_streams_pkey" PRIMARY KEY ("consumer","stream_id")
);

CREATE TABLE "order_summaries" (
    "generation" INTEGER NOT NULL,
    "order_id" UUID NOT NULL,
    "customer_id" TEXT NOT NULL,
    "currency" CHAR(3) NOT NULL,
    "total_minor" BIGINT NOT NULL,
    "lines" JSONB NOT NULL,
    "skus" TEXT[],
    "status" TEXT NOT NULL,
    "reason_code" TEXT,
    "reason_step" TEXT,
    "steps" JSONB NOT NULL,
    "version" INTEGER NOT NULL,
    "placed_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "order_summaries_pkey" PRIMARY KEY ("generation","order_id")
);

CREATE TABLE "sales_orders" (
    "generation" INTEGER NOT NULL,
    "order_id" UUID NOT NULL,
    "currency" CHAR(3) NOT NULL,
    "lines" JSONB NOT NULL,

    CONSTRAINT "sales_orders_pkey" PRIMARY KEY ("generation","order_id")
);

CREATE TABLE "sales_days" (
    "generation" INTEGER NOT NULL,
    "day" DATE NOT NULL,
    "sku" TEXT NOT NULL,
    "currency" CHAR(3) NOT NULL,
    "quantity" BIGINT NOT NULL,
    "revenue_minor" BIGINT NOT NULL,

    CONSTRAINT "sales_days_pkey" PRIMARY KEY ("generation","day","sku","currency")
);

CREATE TABLE "stock_levels" (
    "generation" INTEGER NOT NULL,
    "sku" TEXT NOT NULL,
    "reserved" BIGINT NOT NULL,
    "sold" BIGINT NOT NULL,

    CONSTRAINT "stock_levels_pkey" PRIMARY KEY ("generation","sku")
);

CREATE TABLE "database_release" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "release" INTEGER NOT NULL,
    "checksums" JSONB NOT NULL,
    "applied_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "database_release_pkey" PRIMARY KEY ("id")
);

CREATE INDEX "sagas_status_id_idx" ON "sagas"("status", "id");
CREATE INDEX "saga_starts_created_at_saga_id_idx" ON "saga_starts"("created_at", "saga_id");
CREATE INDEX "saga_watches_check_at_idx" ON "saga_watches"("check_at");
CREATE INDEX "saga_wakes_claimed_until_idx" ON "saga_wakes"("claimed_until");
CREATE INDEX "orders_customer_id_id_idx" ON "orders"("customer_id", "id");
CREATE INDEX "orders_total_minor_idx" ON "orders"("total_minor");
CREATE INDEX "transfers_source_account_id_id_idx" ON "transfers"("source_account_id", "id");
CREATE INDEX "idempotency_keys_created_at_idx" ON "idempotency_keys"("created_at");
CREATE INDEX "loyalty_entries_customer_id_recorded_at_idx" ON "loyalty_entries"("customer_id", "recorded_at");
CREATE UNIQUE INDEX "outbox_stream_id_version_key" ON "outbox"("stream_id", "version");
CREATE UNIQUE INDEX "broker_messages_id_key" ON "broker_messages"("id");
CREATE INDEX "operator_actions_saga_id_idx" ON "operator_actions"("saga_id");
CREATE INDEX "operator_actions_dead_letter_id_idx" ON "operator_actions"("dead_letter_id");
CREATE UNIQUE INDEX "dead_letters_consumer_stream_id_version_key" ON "dead_letters"("consumer", "stream_id", "version");
CREATE INDEX "order_summaries_generation_customer_id_order_id_idx" ON "order_summaries"("generation", "customer_id", "order_id");
CREATE INDEX "order_summaries_generation_status_order_id_idx" ON "order_summaries"("generation", "status", "order_id");
CREATE INDEX "order_summaries_skus_idx" ON "order_summaries" USING GIN ("skus");

ALTER TABLE "saga_starts" ADD CONSTRAINT "saga_starts_saga_id_fkey" FOREIGN KEY ("saga_id") REFERENCES "sagas"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "saga_wakes" ADD CONSTRAINT "saga_wakes_saga_id_fkey" FOREIGN KEY ("saga_id") REFERENCES "sagas"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "step_fences" ADD CONSTRAINT "step_fences_saga_id_fkey" FOREIGN KEY ("saga_id") REFERENCES "sagas"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "orders" ADD CONSTRAINT "orders_id_fkey" FOREIGN KEY ("id") REFERENCES "sagas"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "order_lines" ADD CONSTRAINT "order_lines_order_id_fkey" FOREIGN KEY ("order_id") REFERENCES "orders"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "order_lines" ADD CONSTRAINT "order_lines_sku_fkey" FOREIGN KEY ("sku") REFERENCES "products"("sku") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "order_addresses" ADD CONSTRAINT "order_addresses_order_id_fkey" FOREIGN KEY ("order_id") REFERENCES "orders"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "transfers" ADD CONSTRAINT "transfers_id_fkey" FOREIGN KEY ("id") REFERENCES "sagas"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "stock" ADD CONSTRAINT "stock_sku_fkey" FOREIGN KEY ("sku") REFERENCES "products"("sku") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "stock_movements" ADD CONSTRAINT "stock_movements_sku_fkey" FOREIGN KEY ("sku") REFERENCES "stock"("sku") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "outbox" ADD CONSTRAINT "outbox_stream_id_version_fkey" FOREIGN KEY ("stream_id", "version") REFERENCES "events"("stream_id", "version") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "operator_actions" ADD CONSTRAINT "operator_actions_saga_id_fkey" FOREIGN KEY ("saga_id") REFERENCES "sagas"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "retry_batch_items" ADD CONSTRAINT "retry_batch_items_batch_id_fkey" FOREIGN KEY ("batch_id") REFERENCES "retry_batches"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "retry_batch_items" ADD CONSTRAINT "retry_batch_items_saga_id_fkey" FOREIGN KEY ("saga_id") REFERENCES "sagas"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
