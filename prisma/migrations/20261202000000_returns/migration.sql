-- Returns of what completed orders brought. Each is a saga of its own; what is given back is in ledgers of its own, by the
-- return's id.

CREATE TABLE "returns" (
    "id" UUID NOT NULL,
    "order_id" UUID NOT NULL,
    "customer_id" TEXT NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'requested',
    "reason" TEXT,
    "amount_minor" BIGINT NOT NULL,
    "currency" CHAR(3) NOT NULL,
    "decision" TEXT,
    "decided_by" TEXT,
    "decided_at" TIMESTAMPTZ(3),
    "parcel_received_at" TIMESTAMPTZ(3),

    CONSTRAINT "returns_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "returns_order_id_idx" ON "returns"("order_id");
CREATE INDEX "returns_customer_id_id_idx" ON "returns"("customer_id", "id");
CREATE INDEX "returns_status_id_idx" ON "returns"("status", "id");
ALTER TABLE "returns" ADD CONSTRAINT "returns_id_fkey" FOREIGN KEY ("id") REFERENCES "sagas"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "returns" ADD CONSTRAINT "returns_order_id_fkey" FOREIGN KEY ("order_id") REFERENCES "orders"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE returns
  ADD CONSTRAINT returns_status CHECK (status IN ('requested', 'approved', 'received', 'refunded', 'refused', 'expired')),
  ADD CONSTRAINT returns_decision CHECK (decision IN ('approved', 'refused')),
  ADD CONSTRAINT returns_decided CHECK ((decision IS NULL) = (decided_by IS NULL) AND (decision IS NULL) = (decided_at IS NULL)),
  ADD CONSTRAINT returns_decided_by CHECK (decided_by IN ('rule', 'operator')),
  ADD CONSTRAINT returns_amount_positive CHECK (amount_minor > 0);

-- Those whose customer's own words are kept.
CREATE INDEX returns_with_words ON returns (id) WHERE reason IS NOT NULL;

CREATE TABLE "return_lines" (
    "return_id" UUID NOT NULL,
    "sku" TEXT NOT NULL,
    "position" INTEGER NOT NULL,
    "quantity" INTEGER NOT NULL,
    "unit_price_minor" BIGINT NOT NULL,

    CONSTRAINT "return_lines_pkey" PRIMARY KEY ("return_id","sku")
);
ALTER TABLE "return_lines" ADD CONSTRAINT "return_lines_return_id_fkey" FOREIGN KEY ("return_id") REFERENCES "returns"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE return_lines ADD CONSTRAINT return_lines_quantity_positive CHECK (quantity > 0);

CREATE TABLE "stock_returns" (
    "return_id" UUID NOT NULL,
    "sku" TEXT NOT NULL,
    "quantity" INTEGER NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "stock_returns_pkey" PRIMARY KEY ("return_id","sku")
);
ALTER TABLE "stock_returns" ADD CONSTRAINT "stock_returns_sku_fkey" FOREIGN KEY ("sku") REFERENCES "stock"("sku") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE stock_returns ADD CONSTRAINT stock_returns_quantity_positive CHECK (quantity > 0);

CREATE TABLE "loyalty_returns" (
    "return_id" UUID NOT NULL,
    "order_id" UUID NOT NULL,
    "customer_id" TEXT NOT NULL,
    "points" BIGINT NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "loyalty_returns_pkey" PRIMARY KEY ("return_id")
);
CREATE INDEX "loyalty_returns_order_id_idx" ON "loyalty_returns"("order_id");
CREATE INDEX "loyalty_returns_customer_id_recorded_at_idx" ON "loyalty_returns"("customer_id", "recorded_at");
ALTER TABLE loyalty_returns ADD CONSTRAINT loyalty_returns_points CHECK (points <= 0);

CREATE TABLE "refunds" (
    "key" TEXT NOT NULL,
    "return_id" UUID NOT NULL,
    "provider_ref" TEXT NOT NULL,
    "amount_minor" BIGINT NOT NULL,
    "currency" CHAR(3) NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "refunds_pkey" PRIMARY KEY ("key")
);
CREATE UNIQUE INDEX "refunds_return_id_key" ON "refunds"("return_id");
ALTER TABLE refunds ADD CONSTRAINT refunds_amount_positive CHECK (amount_minor > 0);

-- How far the carrier's list of received parcels was read: one row.
CREATE TABLE "parcel_feed" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "cursor" TEXT,
    "look_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "parcel_feed_pkey" PRIMARY KEY ("id")
);
ALTER TABLE parcel_feed ADD CONSTRAINT parcel_feed_one_row CHECK (id = 1);
INSERT INTO parcel_feed DEFAULT VALUES;

-- An operator decides on returns, too. Not validated, so that the table is not read under a lock: what was written before has
-- the narrower form.
ALTER TABLE operator_actions
  DROP CONSTRAINT operator_actions_subject,
  ADD CONSTRAINT operator_actions_subject CHECK (CASE
    WHEN action IN ('retry', 'skip', 'approve', 'refuse') THEN
      saga_id IS NOT NULL AND dead_letter_id IS NULL AND retry_batch_id IS NULL
    WHEN action IN ('reprocess', 'discard') THEN
      dead_letter_id IS NOT NULL AND saga_id IS NULL AND step IS NULL AND retry_batch_id IS NULL
    WHEN action IN ('pause', 'resume', 'stop') THEN
      retry_batch_id IS NOT NULL AND saga_id IS NULL AND step IS NULL AND dead_letter_id IS NULL
    WHEN action = 'maintain' THEN
      saga_id IS NULL AND dead_letter_id IS NULL AND step IS NULL AND retry_batch_id IS NULL
    ELSE false END) NOT VALID;
