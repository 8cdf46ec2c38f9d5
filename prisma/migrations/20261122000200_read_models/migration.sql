-- CreateTable
CREATE TABLE "inbox" (
    "consumer" TEXT NOT NULL,
    "stream_id" TEXT NOT NULL,
    "version" INTEGER NOT NULL,

    CONSTRAINT "inbox_pkey" PRIMARY KEY ("consumer","stream_id")
);

-- CreateTable
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

-- CreateTable
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

-- CreateTable
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
    "done" TEXT[],
    "undone" TEXT[],
    "skipped" TEXT[],
    "parked" TEXT[],
    "version" INTEGER NOT NULL,
    "placed_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "order_summaries_pkey" PRIMARY KEY ("generation","order_id")
);

-- CreateTable
CREATE TABLE "sales_orders" (
    "generation" INTEGER NOT NULL,
    "order_id" UUID NOT NULL,
    "currency" CHAR(3) NOT NULL,
    "lines" JSONB NOT NULL,

    CONSTRAINT "sales_orders_pkey" PRIMARY KEY ("generation","order_id")
);

-- CreateTable
CREATE TABLE "sales_days" (
    "generation" INTEGER NOT NULL,
    "day" DATE NOT NULL,
    "sku" TEXT NOT NULL,
    "currency" CHAR(3) NOT NULL,
    "quantity" BIGINT NOT NULL,
    "revenue_minor" BIGINT NOT NULL,

    CONSTRAINT "sales_days_pkey" PRIMARY KEY ("generation","day","sku","currency")
);

-- CreateTable
CREATE TABLE "stock_levels" (
    "generation" INTEGER NOT NULL,
    "sku" TEXT NOT NULL,
    "reserved" BIGINT NOT NULL,
    "sold" BIGINT NOT NULL,

    CONSTRAINT "stock_levels_pkey" PRIMARY KEY ("generation","sku")
);

-- CreateIndex
CREATE UNIQUE INDEX "dead_letters_consumer_stream_id_version_key" ON "dead_letters"("consumer", "stream_id", "version");

-- CreateIndex
CREATE INDEX "order_summaries_generation_customer_id_order_id_idx" ON "order_summaries"("generation", "customer_id", "order_id");

-- CreateIndex
CREATE INDEX "order_summaries_generation_status_order_id_idx" ON "order_summaries"("generation", "status", "order_id");

-- CreateIndex
CREATE INDEX "order_summaries_skus_idx" ON "order_summaries" USING GIN ("skus");

-- AlterTable
ALTER TABLE "operator_actions" ALTER COLUMN "saga_id" DROP NOT NULL,
ADD COLUMN "dead_letter_id" UUID;

-- CreateIndex
CREATE INDEX "operator_actions_dead_letter_id_idx" ON "operator_actions"("dead_letter_id");

-- An action is about one thing. A dead letter that was applied in the end is gone: what was done to it stays, so there
-- is no foreign key.
ALTER TABLE operator_actions
  DROP CONSTRAINT operator_actions_action,
  ADD CONSTRAINT operator_actions_subject CHECK (CASE
    WHEN action IN ('retry', 'skip') THEN saga_id IS NOT NULL AND dead_letter_id IS NULL
    WHEN action IN ('reprocess', 'discard') THEN dead_letter_id IS NOT NULL AND saga_id IS NULL AND step IS NULL
    ELSE false END);

ALTER TABLE dead_letters
  ADD CONSTRAINT dead_letters_state CHECK (state IN ('retrying', 'parked', 'behind', 'discarded')),
  ADD CONSTRAINT dead_letters_due CHECK ((state = 'retrying') = (next_attempt_at IS NOT NULL)),
  ADD CONSTRAINT dead_letters_parked_for_a_cause CHECK (state <> 'parked' OR cause IS NOT NULL);

-- Only the first of a stream is tried; the others wait behind it.
CREATE UNIQUE INDEX dead_letters_one_head ON dead_letters (consumer, stream_id) WHERE state IN ('retrying', 'parked');
CREATE INDEX dead_letters_next ON dead_letters (next_attempt_at) WHERE state = 'retrying';

-- A projection that comes to a database with events is built from the store: the broker may have forgotten some.
INSERT INTO projections (name, rebuild_wished_at)
SELECT name, CASE WHEN EXISTS (SELECT FROM events) THEN clock_timestamp() END
  FROM (VALUES ('order-summary'), ('sales'), ('stock-levels')) AS projections (name);
