-- The trace that a saga, and each of its events, is part of: a W3C traceparent, or nothing while tracing is off. Without a
-- default neither table is written anew.
ALTER TABLE "sagas" ADD COLUMN "trace_parent" TEXT;
ALTER TABLE "outbox" ADD COLUMN "trace_parent" TEXT;
