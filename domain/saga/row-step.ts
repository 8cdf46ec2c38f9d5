import { answerOf, done, single, type StepRow } from './step-answer.ts'
import { ownStep, type Invariant, type Step, type StepAttempt, type StepPorts } from './step.ts'

/**
 * A step whose effect is in our own database: effect, fence, event, outbox row and order version are one statement, and
 * so are those of its undo. The frame below is the judge's; a participant supplies the effects.
 */
export interface RowStepSpec<Events, Name extends string, Undo extends string> {
  readonly name: Name
  /** Compensatable unless said otherwise. */
  readonly kind?: 'pivot' | 'retriable'
  readonly event: keyof Events & string
  /**
   * A statement over `admitted (saga_id)`, which has a row only if the step may act. It has the effect and returns
   * `outcome jsonb`: what the event says, `{"refused": {"code", "detail"}}`, or `{"awaits": {"why"}}` when its time has
   * not come, and nothing has happened.
   */
  readonly effect: string
  /** The codes of its refusals, where it has any. */
  readonly refuses?: readonly string[]
  readonly undo?: {
    readonly name: Undo
    readonly event: keyof Events & string
    /** As above, over `admitted (saga_id, answer)`; `answer` is the outcome of the step. */
    readonly effect: string
  }
  readonly invariants?: readonly Invariant[]
}

/** Defines a step at a row. `Events` are the data of its events, by their type. */
export const rowStep =
  <Events extends object>() =>
  <const Name extends string, const Undo extends string = never>(
    spec: RowStepSpec<Events, Name, Undo>,
  ): Step<Name, Undo, Events> => {
    const { name, undo } = spec
    return {
      ...ownStep(spec),
      bind(ports) {
        const attempts: Record<string, StepAttempt> = { [name]: execute(doing(spec), ports) }
        if (undo !== undefined) attempts[undo.name] = compensate(undoing(name, undo), ports)
        return attempts as Record<Name | Undo, StepAttempt>
      },
    }
  }

const execute =
  (statement: string, { db }: StepPorts): StepAttempt =>
  async (sagaId, { number }) => {
    const row = single(
      await db.$queryRawUnsafe<(StepRow & { hasEffect: boolean })[]>(statement, sagaId, number),
    )
    if (isAdmitted(row) && !row.hasEffect) throw new Error('The effect of a step returned no row')
    return answerOf(row)
  }

const isAdmitted = ({ verdict }: StepRow) => verdict === 'go' || verdict === 'resume'

const compensate =
  (statement: string, { db }: StepPorts): StepAttempt =>
  async (sagaId, { number }) => {
    const { verdict, isUndone } = single(
      await db.$queryRawUnsafe<{ verdict: 'undo' | 'settled'; isUndone: boolean | null }[]>(
        statement,
        sagaId,
        number,
      ),
    )
    if (verdict === 'undo' && isUndone === null) throw new Error('The effect of an undo returned no row')
    return done
  }

/** $1 is the saga, $2 the number of the attempt. The text is a constant of the code. */
function doing({
  name,
  kind,
  event,
  effect,
}: {
  name: string
  kind?: 'pivot' | 'retriable'
  event: string
  effect: string
}): string {
  return `
    WITH entry AS MATERIALIZED (
      SELECT * FROM step_enter($1::uuid, '${name}', '${kind ?? 'compensatable'}')
    ), admitted AS MATERIALIZED (
      SELECT $1::uuid AS saga_id FROM entry WHERE verdict IN ('go', 'resume')
    ), effect AS MATERIALIZED (
      ${effect}
    ), settled AS MATERIALIZED (
      SELECT outcome, outcome->'refused' AS refusal, step_settle($1::uuid, '${name}', $2::integer,
          CASE WHEN outcome ? 'refused' THEN 'refused' ELSE 'done' END, coalesce(outcome->'refused', outcome),
          '${event}', outcome, ${kind === 'pivot' ? `'completed'` : 'NULL'})
        FROM effect WHERE NOT outcome ? 'awaits'
    )
    SELECT CASE WHEN refusal IS NOT NULL THEN 'refused' WHEN effect.outcome ? 'awaits' THEN 'unavailable' ELSE verdict END
             AS verdict,
           coalesce(refusal, effect.outcome->'awaits', answer) AS answer, effect.outcome IS NOT NULL AS "hasEffect"
      FROM entry LEFT JOIN effect ON true LEFT JOIN settled ON true`
}

function undoing(name: string, undo: { event: string; effect: string }): string {
  return `
    WITH entry AS MATERIALIZED (
      SELECT * FROM undo_enter($1::uuid, '${name}', $2::integer)
    ), admitted AS MATERIALIZED (
      SELECT $1::uuid AS saga_id, answer FROM entry WHERE verdict = 'undo'
    ), effect AS MATERIALIZED (
      ${undo.effect}
    ), settled AS MATERIALIZED (
      SELECT undo_settle($1::uuid, '${name}', '${undo.event}', outcome) AS is_undone FROM effect
    )
    SELECT verdict, is_undone AS "isUndone" FROM entry LEFT JOIN settled ON true`
}
