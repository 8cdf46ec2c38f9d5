import type { Database } from '../../prisma/client.ts'
import { single, type StepRow } from './step-answer.ts'

/** What a participant adds to the statements of a step at a provider. Each is a constant of the code. */
export interface ProviderFenceSpec {
  readonly name: string
  /** Compensatable unless said otherwise. */
  readonly kind?: 'pivot' | 'retriable'
  readonly provider: string
  /** A query for the body of the request, as `request jsonb`, of the saga $1. */
  readonly request: string
  /**
   * Records in the participant's own tables what has happened: a statement over `happened (key, saga_id, effect)`,
   * which has a row only if it is to be recorded. `effect jsonb` is the provider's answer. Without one, the fence alone
   * keeps it.
   */
  readonly record?: string
  readonly undo: {
    /** As `record`: the step may be seen here first, when its own answer was lost. */
    readonly record?: string
  }
}

/**
 * The provider's answer on its way to the fence, with the event that says it. Something `unwanted` stands at the
 * provider and is to be undone, which is a refusal.
 */
export type Conclusion =
  | { state: 'done'; effect: unknown; event: string; data: object }
  | { state: 'refused'; code: string; detail: string }
  | { state: 'unwanted'; code: string; detail: string; effect: unknown }

/**
 * 'already': another attempt came first. 'contested': a refusal is noted, and must be made sure of. 'late': the step
 * was undone, or refused, meanwhile.
 */
export type ConcludeVerdict = 'concluded' | 'already' | 'contested' | 'late'

/** 'void': the step is to be refused, once its key is final. */
export type IntendVerdict = StepRow['verdict'] | 'void'

/** An event of the step. */
interface Said {
  event: string
  data: object
}

/** What an undo came to, with the event that says it; no effect where there was nothing to undo. */
export interface Undone extends Said {
  effect: unknown
}

/** An effect as the fence has it. An earlier release may have recorded it, so nothing is sure of its shape. */
export type Recorded = Readonly<Record<string, unknown>>

export type ProviderFence = ReturnType<typeof createProviderFence>

/**
 * The statements around a call to a provider, each one database transaction. They are the judge's; a participant
 * supplies how its request is read and how its effect is recorded.
 */
export function createProviderFence(spec: ProviderFenceSpec, db: Database) {
  const text = statementsOf(spec)
  return {
    /** Takes or reads the intent, and reads what is to be asked for. */
    intend: async (sagaId: string, attempt: number) =>
      single(
        await db.$queryRawUnsafe<
          { verdict: IntendVerdict; answer: unknown; request: Readonly<Record<string, unknown>> }[]
        >(text.intend, sagaId, attempt),
      ),

    /** Records the provider's answer. */
    async conclude(
      sagaId: string,
      key: string,
      attempt: number,
      conclusion: Conclusion,
    ): Promise<{ verdict: ConcludeVerdict; recorded: Recorded | null }> {
      const { state } = conclusion
      const [answer, event, data] = columnsOf(conclusion)
      const values = [sagaId, attempt, key, state, JSON.stringify(answer), event, JSON.stringify(data)]
      return single(
        await db.$queryRawUnsafe<{ verdict: ConcludeVerdict; recorded: Recorded | null }[]>(
          text.conclude,
          ...values,
        ),
      )
    },

    /**
     * Records a refusal whose key is final: the one that was noted, else this. `stood` says what stood under the key.
     */
    async refuse(
      sagaId: string,
      attempt: number,
      refusal: { code: string; detail: string },
      stood?: Said,
    ): Promise<void> {
      const values = [JSON.stringify(refusal), stood?.event ?? null, JSON.stringify(stood?.data ?? {})]
      await db.$queryRawUnsafe(text.refuse, sagaId, attempt, ...values)
    },

    /**
     * Marks the step as being undone; 'settled' when there is nothing left to do, 'unavailable' when it may not be now.
     * `recorded` is the effect that is to be undone, where one was recorded.
     */
    beginUndo: async (sagaId: string, attempt: number) =>
      single(
        await db.$queryRawUnsafe<
          { verdict: 'undo' | 'settled' | 'unavailable'; entry: string; recorded: Recorded | null }[]
        >(text.beginUndo, sagaId, attempt),
      ),

    /** Notes that an undo that was begun has come to nothing. */
    async leaveUndo(sagaId: string, entry: string): Promise<void> {
      await db.$queryRawUnsafe(text.leaveUndo, sagaId, entry)
    },

    /** Records that it is undone. */
    async settleUndo(sagaId: string, key: string, { effect, event, data }: Undone): Promise<void> {
      const values = [sagaId, key, JSON.stringify(effect ?? null), event, JSON.stringify(data)]
      await db.$queryRawUnsafe(text.settleUndo, ...values)
    },
  }
}

function columnsOf(conclusion: Conclusion): [answer: unknown, event: string | null, data: object] {
  switch (conclusion.state) {
    case 'done':
      return [conclusion.effect, conclusion.event, conclusion.data]
    case 'refused':
    case 'unwanted': {
      const { state: _, ...answer } = conclusion
      return [answer, null, {}]
    }
  }
}

const NO_RECORD = 'SELECT FROM happened'

function statementsOf(spec: ProviderFenceSpec) {
  const { name, kind = 'compensatable', provider, request, record = NO_RECORD, undo } = spec
  return {
    // There may be nothing left to ask for: an order that has ended may be erased, and still answers.
    intend: `
      SELECT verdict, answer, request
        FROM step_intend($1::uuid, '${name}', '${kind}', '${provider}', $2::integer)
        LEFT JOIN LATERAL (${request}) AS asked ON true`,

    conclude: `
      WITH concluded AS MATERIALIZED (
        SELECT verdict, recorded
          FROM step_conclude($1::uuid, '${name}', '${kind}', $2::integer, $4, $5::jsonb, $6, $7::jsonb)
      ), happened AS MATERIALIZED (
        SELECT $3::text AS key, $1::uuid AS saga_id, $5::jsonb AS effect
          FROM concluded WHERE verdict = 'concluded' AND $4 = 'done'
      ), recorded AS (
        ${record}
      ) SELECT verdict, recorded FROM concluded`,

    refuse: `
      SELECT 1 FROM step_refuse($1::uuid, '${name}', $2::integer, $3::jsonb, $4, $5::jsonb)`,

    beginUndo: `
      SELECT verdict, entry, recorded FROM undo_begin($1::uuid, '${name}', '${provider}', $2::integer)`,

    leaveUndo: `
      SELECT 1 FROM undo_leave($1::uuid, '${name}', $2)`,

    settleUndo: `
      WITH settled AS MATERIALIZED (
        SELECT undo_settle($1::uuid, '${name}', $4, $5::jsonb) AS is_now
      ), happened AS MATERIALIZED (
        SELECT $2::text AS key, $1::uuid AS saga_id, $3::jsonb AS effect
          FROM settled WHERE is_now AND $3::jsonb <> 'null'
      ), recorded AS (
        ${undo.record ?? NO_RECORD}
      ) SELECT 1 FROM settled`,
  }
}
