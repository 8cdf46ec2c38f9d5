import type { Database } from '../../prisma/client.ts'

/**
 * From now on every saga is cancelled by its customer at the moment at which it records that `step` is done, whichever
 * process does that. What comes before the next step is then undone.
 */
export async function cancelAfter(db: Database, step: string): Promise<void> {
  await db.$executeRawUnsafe(`
    CREATE FUNCTION test_cancel() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM saga_cancel(NEW.saga_id, NULL, 'customer');
      RETURN NULL;
    END $$`)
  // Deferred, so that the event of the step comes before that of the cancel.
  await db.$executeRawUnsafe(`
    CREATE CONSTRAINT TRIGGER test_cancel AFTER INSERT OR UPDATE ON step_fences DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW WHEN (NEW.step = '${step}' AND NEW.state = 'done') EXECUTE FUNCTION test_cancel()`)
}
