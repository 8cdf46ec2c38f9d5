import type { Unavailable } from '../provider/protocol.ts'

/**
 * How an attempt at a step ends, where it ends by itself. Everything else (an exception, a timeout) is a fault and
 * is tried again.
 */
export type StepAnswer<Result = unknown> =
  | { kind: 'done'; result?: Result }
  /** Final everywhere: a business rule says no. `code` is stable and upper snake case. */
  | Refused
  /** Not now: the provider asks for time, or is down. Costs no attempt; `spent` counts those that came before it. */
  | (Unavailable & { spent?: number })
  /** Not in a local attempt: it would hold a workflow-task slot for too long. */
  | { kind: 'notLocal' }

export interface Refused {
  kind: 'refused'
  code: string
  detail?: string
  /** The class of the fault behind it: it is logged, although nothing is tried again. */
  fault?: string
}

/** The time of a step has not come: it waits for a message. */
export const MESSAGE = 'MESSAGE'

export const done: StepAnswer<never> = { kind: 'done' }

export function refused(code: string, detail?: string): Refused {
  return detail === undefined ? { kind: 'refused', code } : { kind: 'refused', code, detail }
}

/**
 * What a step's statement answers: 'go' and 'resume' when it has just acted, 'unavailable' when it may not act now,
 * else what its record says.
 */
export interface StepRow {
  verdict: 'go' | 'resume' | 'done' | 'refused' | 'unavailable'
  answer: unknown
}

/** The answer of a step that acts within its one statement. */
export function answerOf({ verdict, answer }: StepRow): StepAnswer<never> {
  switch (verdict) {
    case 'refused':
      return refusalOf(answer)
    case 'unavailable':
      return unavailableOf(answer)
    case 'go':
    case 'resume':
    case 'done':
      return done
  }
}

/** What an operator holds up, as the database says it. */
export const unavailableOf = (answer: unknown): Unavailable => ({
  kind: 'unavailable',
  why: (answer as { why: string }).why,
})

/** A refusal as the fence stores it. */
export function refusalOf(answer: unknown): Refused {
  const { code, detail } = answer as { code: string; detail?: string }
  return refused(code, detail)
}

/** The one row of a statement that always answers one. */
export function single<Row>(rows: Row[]): Row {
  const [row] = rows
  if (row === undefined || rows.length > 1)
    throw new Error(`The statement of a step answered ${rows.length} rows`)
  return row
}
