import type pg from 'pg'
import type { Order, Participant, PerParticipant } from './participants.ts'

export type Sessions = PerParticipant<pg.Client>

export type Outcome = 'done' | 'refused'

/** Where a process can be held up, to be killed there. */
export type Moment = 'before the decision' | 'after the decision' | 'after the first step'

/** What a protocol counts: requests to write to disk before it goes on, of a participant and of its own log. */
export interface Counts {
  participantFlushes: number
}

export interface Environment {
  /** Milliseconds that each participant's work takes besides. */
  slowMs: Partial<PerParticipant<number>>
  counts: Counts
  /** Resolves at once unless the process is to be held up here. */
  reach: (moment: Moment, order: Order) => Promise<void>
}

/** How one order is carried out over the sessions of one worker. */
export type Protocol = (sessions: Sessions, order: Order) => Promise<Outcome>

/** A call of a participant's function, as a simple query: one round trip also together with other statements. */
export const call = (
  client: pg.Client,
  name: 'work' | 'step' | 'compensate',
  ...values: readonly [string, string] | readonly [string, string, number]
): string =>
  `SELECT ${name}(${values.map((value) => (typeof value === 'number' ? value : client.escapeLiteral(value))).join(', ')}) AS answer`

/** The answer of the call that was the last statement of a query. */
export function answerOf<T>(result: pg.QueryResult | pg.QueryResult[]): T | undefined {
  const last = Array.isArray(result) ? result.at(-1) : result
  return (last?.rows[0] as { answer: T } | undefined)?.answer
}

export const slownessOf = ({ slowMs }: Environment, participant: Participant): number =>
  slowMs[participant] ?? 0
