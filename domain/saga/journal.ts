import type { Database } from '../../prisma/client.ts'

/** Why a saga turned back, and at which step. */
export interface Reason {
  code: string
  step: string
}

/** What the row decides when a saga wants to turn back: whether it may, and which steps it owes an undo. */
export type BeginResult =
  | { verdict: 'completed' }
  | { verdict: 'begun' | 'already'; reason: Reason; undo: string[] }

/** Progress of a step that is not simply going on. `error` and `why` name a class, never a text. */
export type SagaChange =
  | { kind: 'waiting'; step: string; why: string }
  | { kind: 'parked'; step: string; error: string }
  | { kind: 'skipped'; step: string; error: string }
  /** The saga itself is held up: it cannot turn back, or cannot close. `step` is the one that it turned back for. */
  | { kind: 'held'; step: string; error: string }

/** How a saga that turned back has ended. */
export interface CloseResult {
  status: 'rejected' | 'cancelled'
}

export type CancelVerdict = 'recorded' | 'compensating' | 'cancelled' | 'too_late' | 'unknown'

/** The names of the events with which one kind of saga ends. */
export interface ClosingEvents {
  rejected: string
  cancelled: string
}

export interface JournalOptions {
  db: Database
  closingEvents: ClosingEvents
  /** The SQL function that decides whether it turns back: that of every saga, unless this kind has a rule of its own. */
  begin?: string
}

/**
 * The record of a saga as a whole. Every method is one statement on the saga's row, which decides; the rules stand
 * beside the functions in prisma/functions.
 */
export function createJournal({ db, closingEvents, begin = 'saga_begin_compensation' }: JournalOptions) {
  return {
    /** The one way into compensation. The first reason stays, whatever comes later. */
    async beginCompensation(
      id: string,
      { code, step, detail }: Reason & { detail?: string },
    ): Promise<BeginResult> {
      const [row] = await db.$queryRawUnsafe<
        { verdict: 'begun' | 'already' | 'completed'; undo: string[]; code: string; step: string }[]
      >(
        `SELECT verdict, undo, code, step FROM ${begin}($1::uuid, $2, $3, $4)`,
        id,
        code,
        step,
        detail ?? null,
      )
      if (row === undefined) throw new Error(`No answer for saga ${id}`)
      if (row.verdict === 'completed') return { verdict: 'completed' }
      return { verdict: row.verdict, reason: { code: row.code, step: row.step }, undo: row.undo }
    },

    /** @param why the class of what it waits for. */
    async noteWaiting(id: string, step: string, why: string): Promise<void> {
      await db.$queryRaw`SELECT 1 FROM saga_note_waiting(${id}::uuid, ${step}, ${why})`
    },

    /** @param error the class of error that keeps the step from going on, never its text. */
    async noteParked(id: string, step: string, error: string): Promise<void> {
      await db.$queryRaw`SELECT 1 FROM saga_note_parked(${id}::uuid, ${step}, ${error})`
    },

    async noteHeld(id: string, step: string, error: string): Promise<void> {
      await db.$queryRaw`SELECT 1 FROM saga_note_held(${id}::uuid, ${step}, ${error})`
    },

    async noteSkipped(id: string, step: string, error: string): Promise<void> {
      await db.$queryRaw`SELECT 1 FROM saga_note_skipped(${id}::uuid, ${step}, ${error})`
    },

    /**
     * Records the wish to cancel.
     * @param by who wishes it, as the event says: a caller's name, or `temporal` where the workflow was cancelled.
     * @param note the customer's own words, which go nowhere else.
     */
    async cancel(id: string, by: string, note?: string): Promise<CancelVerdict> {
      const [row] = await db.$queryRaw<{ verdict: CancelVerdict }[]>`
        SELECT saga_cancel(${id}::uuid, ${note ?? null}, ${by}) AS verdict`
      return row?.verdict ?? 'unknown'
    },

    /** Ends a saga that owes nothing any more. @throws Error while it still owes a compensation. */
    async close(id: string): Promise<CloseResult> {
      const [row] = await db.$queryRaw<{ status: CloseResult['status'] | 'completed' }[]>`
        SELECT saga_close(${id}::uuid, ${closingEvents.rejected}, ${closingEvents.cancelled}) AS status`
      if (row === undefined || row.status === 'completed')
        throw new Error(`Saga ${id} is completed: it cannot be closed`)
      return { status: row.status }
    },
  }
}

export type Journal = ReturnType<typeof createJournal>
