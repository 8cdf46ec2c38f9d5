import type { Operator } from '../../events/store/operator.ts'
import type { Database } from '../../prisma/client.ts'
import { toMinor } from '../money.ts'
import type { SagaKind } from '../saga/ids.ts'

/** A step, or its compensation, that no machine could settle. */
export interface ParkedStep {
  /** What it is a step of, and its id. */
  kind: SagaKind
  id: string
  step: string
  /** What keeps it from going on: a class of error, or the code of a refusal. */
  errorClass: string
  attempts: number
  since: Date
  /** What the order, the transfer or the return is worth: it is at risk until the step is settled. */
  amountMinor: number
}

export interface ParkedFilter {
  kind?: SagaKind | undefined
  step?: string | undefined
  errorClass?: string | undefined
}

export function createParking({ db }: { db: Database }) {
  return {
    /** Longest parked first; one more than asked for, when there is one. `after` is a key of `parkedKey`. */
    async list(
      { kind, step, errorClass }: ParkedFilter,
      { limit, after }: { limit: number; after?: string | undefined },
    ) {
      const rows = await db.$queryRaw<(Omit<ParkedStep, 'amountMinor'> & { amountMinor: bigint })[]>`
        SELECT split_part(s.definition, '@', 1) AS kind, s.id, f.step,
               coalesce(f.parked_error, 'UNKNOWN') AS "errorClass", f.parked_at AS since,
               coalesce(o.total_minor, t.amount_minor, r.amount_minor) AS "amountMinor",
               CASE WHEN s.reason_code IS NULL THEN f.attempts ELSE f.undo_attempts END AS attempts
          FROM step_fences f JOIN sagas s ON s.id = f.saga_id
          LEFT JOIN orders o ON o.id = f.saga_id LEFT JOIN transfers t ON t.id = f.saga_id
          LEFT JOIN returns r ON r.id = f.saga_id
         WHERE f.parked_at IS NOT NULL
           AND (${kind ?? null}::text IS NULL OR split_part(s.definition, '@', 1) = ${kind ?? null})
           AND (${step ?? null}::text IS NULL OR f.step = ${step ?? null})
           AND (${errorClass ?? null}::text IS NULL OR f.parked_error = ${errorClass ?? null})
           AND (${after ?? null}::text IS NULL OR
             to_char(f.parked_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || ' ' || f.saga_id || ' ' || f.step > ${after ?? null})
         ORDER BY f.parked_at, f.saga_id, f.step LIMIT ${limit + 1}`
      return rows.map((row) => Object.assign(row, { amountMinor: toMinor(row.amountMinor) }))
    },

    /** The definition that runs the saga of this kind with this id; undefined when there is none. */
    async definitionOf(kind: string, id: string): Promise<string | undefined> {
      const where = { id, definition: { startsWith: `${kind}@` } }
      return (await db.saga.findFirst({ where, select: { definition: true } }))?.definition
    },

    /** Tries one parked step again, or all of a saga's. */
    async retry(sagaId: string, step: string | undefined, { actor, reason }: Operator) {
      const [row] = await db.$queryRaw<{ verdict: 'accepted' | 'not_parked' | 'unknown' }[]>`
        SELECT operator_retry(${sagaId}::uuid, ${step ?? null}, ${actor}, ${reason}) AS verdict`
      return row?.verdict ?? 'unknown'
    },

    /** Gives a parked step up: what it would have undone is written off. */
    async skip(sagaId: string, step: string, { actor, reason }: Operator) {
      const [row] = await db.$queryRaw<
        { verdict: 'accepted' | 'in_progress' | 'not_parked' | 'not_skippable' | 'unknown' }[]
      >`
        SELECT operator_skip(${sagaId}::uuid, ${step}, ${actor}, ${reason}) AS verdict`
      return row?.verdict ?? 'unknown'
    },
  }
}

/** Orders the list of parked steps: the time first, as text of one length. */
export const parkedKey = ({ since, id, step }: ParkedStep): string => `${since.toISOString()} ${id} ${step}`
