-- Orders without a workflow: who decides what comes next is on the row, and what a participant has to do is a row of its own.

ALTER TABLE "sagas" ADD COLUMN "coordination" TEXT NOT NULL DEFAULT 'orchestration';
ALTER TABLE sagas ADD CONSTRAINT sagas_coordination CHECK (coordination IN ('orchestration', 'choreography'));

CREATE TABLE "reactions" (
    "saga_id" UUID NOT NULL,
    "activity" TEXT NOT NULL,
    "participant" TEXT NOT NULL,
    "due_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "claimed_until" TIMESTAMPTZ(3),
    "claim" UUID,
    "is_woken" BOOLEAN NOT NULL DEFAULT false,
    "progress" JSONB NOT NULL DEFAULT '{}',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "reactions_pkey" PRIMARY KEY ("saga_id","activity")
);
CREATE INDEX "reactions_participant_due_at_idx" ON "reactions"("participant", "due_at");
ALTER TABLE "reactions" ADD CONSTRAINT "reactions_saga_id_fkey" FOREIGN KEY ("saga_id") REFERENCES "sagas"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- The open ones that no workflow looks after.
CREATE INDEX sagas_choreographed ON sagas (id)
  WHERE coordination = 'choreography' AND status NOT IN ('completed', 'rejected', 'cancelled');

-- Of those, the ones that may still go forward: by their deadlines, and the ones whose cancel is wished.
CREATE INDEX sagas_choreographed_deadlines ON sagas (deadline_at)
  WHERE coordination = 'choreography' AND status NOT IN ('completed', 'rejected', 'cancelled') AND reason_code IS NULL;
CREATE INDEX sagas_choreographed_cancels ON sagas (id)
  WHERE coordination = 'choreography' AND status NOT IN ('completed', 'rejected', 'cancelled') AND reason_code IS NULL
    AND cancel_wished_at IS NOT NULL;
