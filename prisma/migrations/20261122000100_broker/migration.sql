-- The embedded broker: a log that is read by position, and how far each consumer has read.
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

CREATE UNIQUE INDEX "broker_messages_id_key" ON "broker_messages"("id");

-- Finds the outbox rows that are old enough to go.
CREATE INDEX outbox_published ON outbox (published_at, id) WHERE published_at IS NOT NULL;
