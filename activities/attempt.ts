import { activityInfo, ApplicationFailure, Context, heartbeat } from '@temporalio/activity'
import { databaseTrouble, Fault } from '../faults.ts'
import type { Reach } from '../domain/saga/provider-step.ts'
import type { Attempt } from '../domain/provider/protocol.ts'
import type { StepAnswer } from '../domain/saga/step-answer.ts'

/** What every activity of a saga is told. */
export interface SagaRef {
  /** The saga's id, which is that of the order or the transfer. */
  id: string
  /** Attempts that were made elsewhere before this call. */
  tried?: number
}

/** How often a queued activity shows that its worker lives. */
const HEARTBEAT_INTERVAL_MS = 1000

/** Told of every fault before it is reduced to its class. */
export type OnFault = (activity: string, sagaId: string, code: string, error: unknown) => void

export interface AttemptPorts {
  reach: Reach
  onFault: OnFault
}

/**
 * Makes an activity of one domain call: tells it which attempt it is, beats for it while it is queued, and lets out
 * nothing of an exception but its class, since failures are kept in the history.
 */
export function createActivity<Input extends SagaRef, Result>(
  name: string,
  { reach, onFault }: AttemptPorts,
  run: (input: Input, attempt: Attempt) => Promise<StepAnswer<Result>>,
): (input: Input) => Promise<StepAnswer<Result>> {
  return async (input) => {
    const { isLocal, attempt: number } = activityInfo()
    const unavailable = (answer: Extract<StepAnswer, { kind: 'unavailable' }>): StepAnswer<Result> =>
      isLocal ? answer : { ...answer, spent: number - 1 }
    const beat = isLocal ? undefined : setInterval(() => heartbeat(), HEARTBEAT_INTERVAL_MS)
    try {
      reach(`${name}:before`)
      const signal = Context.current().cancellationSignal
      const answer = await run(input, { number: number + (input.tried ?? 0), isLocal, signal })
      reach(`${name}:after`)
      return answer.kind === 'unavailable' ? unavailable(answer) : answer
    } catch (error) {
      // Our own database away is like a provider away: it is waited for, and costs an order nothing.
      if (databaseTrouble(error) === 'away') return unavailable({ kind: 'unavailable' })
      if (error instanceof Fault && error.retryAfterMs !== undefined) {
        // Whoever says when to come back is waited for by the saga; the attempt is spent all the same.
        onFault(name, input.id, error.code, error)
        return { kind: 'unavailable', retryAfterMs: error.retryAfterMs, spent: isLocal ? 1 : number }
      }
      const failure = asFailure(error)
      onFault(name, input.id, failure.type ?? 'FAULT', error)
      throw failure
    } finally {
      clearInterval(beat)
    }
  }
}

function asFailure(error: unknown): ApplicationFailure {
  const type = error instanceof Fault ? error.code : isDatabaseError(error) ? 'DATABASE' : 'INTERNAL'
  const failure = ApplicationFailure.create({ type, message: type })
  // Clients can read a history: where in our code it happened is for the log.
  failure.stack = ''
  return failure
}

const isDatabaseError = (error: unknown) => error instanceof Error && error.name.startsWith('Prisma')
