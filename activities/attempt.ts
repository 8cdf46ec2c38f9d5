import type { Attempt } from '../domain/provider/protocol.ts'
import type { Reach } from '../domain/saga/step.ts'
import type { StepAnswer } from '../domain/saga/step-answer.ts'
import { DATABASE_UNAVAILABLE, Fault, isDatabaseTrouble, isNewerEvent } from '../faults.ts'
import { inSpan } from '../tracing.ts'

/** What every activity of a saga is given. */
export interface SagaRef {
  /** The saga's id, which is that of the order or the transfer. */
  id: string
  /** Attempts that were made elsewhere before this call. */
  tried?: number
}

/** Called with every fault before it is reduced to its class. */
export type OnFault = (code: string, error: unknown) => void

/** How an attempt ended: as its answer says, or with a fault. */
export type AttemptOutcome = StepAnswer['kind'] | 'fault'

/** Called after every attempt. @param ms how long it took, in milliseconds. */
export type OnAttempt = (activity: string, outcome: AttemptOutcome, ms: number) => void

export interface AttemptPorts {
  reach: Reach
  onFault: OnFault
  onAttempt?: OnAttempt
}

/**
 * One attempt at a domain call, as any engine makes it: nothing here knows Temporal.
 * @param attempt its `number` counts the attempts of this call alone, from 1; a local call makes one.
 * @throws Fault with nothing but its class, since engines keep failures where clients can read them.
 */
export type Activity<Input extends SagaRef, Result> = (
  input: Input,
  attempt: Attempt,
) => Promise<StepAnswer<Result>>

/** Makes an activity of one domain call, which is given the number of the attempt over all calls. */
export function createActivity<Input extends SagaRef, Result>(
  name: string,
  ports: AttemptPorts,
  run: (input: Input, attempt: Attempt) => Promise<StepAnswer<Result>>,
): Activity<Input, Result> {
  const attemptOnce = traced(name, createAttempt(name, ports, run))
  const { onAttempt } = ports
  if (onAttempt === undefined) return attemptOnce
  return async (input, attempt) => {
    const beganAt = performance.now()
    let outcome: AttemptOutcome = 'fault'
    try {
      const answer = await attemptOnce(input, attempt)
      outcome = answer.kind
      return answer
    } finally {
      onAttempt(name, outcome, performance.now() - beganAt)
    }
  }
}

/** An attempt as a span: each has one, and a replay, which makes no attempt, has none. */
const traced =
  <Input extends SagaRef, Result>(
    name: string,
    attemptOnce: Activity<Input, Result>,
  ): Activity<Input, Result> =>
  (input, attempt) => {
    const attributes = {
      'ordersaga.saga.id': input.id,
      'ordersaga.activity': name,
      'ordersaga.attempt': attempt.number + (input.tried ?? 0),
      'ordersaga.attempt.local': attempt.isLocal,
      // Unless it answers.
      'ordersaga.outcome': 'fault',
    }
    return inSpan(name, { attributes }, async (span) => {
      const answer = await attemptOnce(input, attempt)
      span.setAttribute('ordersaga.outcome', answer.kind)
      const why = 'code' in answer ? answer.code : 'why' in answer ? answer.why : undefined
      if (why !== undefined) span.setAttribute('ordersaga.code', why)
      return answer
    })
  }

function createAttempt<Input extends SagaRef, Result>(
  name: string,
  { reach, onFault }: AttemptPorts,
  run: (input: Input, attempt: Attempt) => Promise<StepAnswer<Result>>,
): Activity<Input, Result> {
  return async (input, attempt) => {
    try {
      reach(`${name}:before`)
      const made = await run(input, { ...attempt, number: attempt.number + (input.tried ?? 0) })
      const { answer, fault } = withoutFault(made)
      if (fault !== undefined) onFault(fault, new Fault(fault, fault))
      reach(`${name}:after`)
      return answer.kind === 'unavailable' ? unspent(answer, attempt) : answer
    } catch (error) {
      // Our own database in trouble is like a provider away: it is waited for, and costs an order nothing.
      if (isDatabaseTrouble(error))
        return unspent({ kind: 'unavailable', why: DATABASE_UNAVAILABLE }, attempt)
      const code = codeOf(error)
      onFault(code, error)
      // A worker of the newer release takes it up in time: to wait for one costs nothing either.
      if (isNewerEvent(error)) return unspent({ kind: 'unavailable', why: code }, attempt)
      // The saga waits for as long as the other side asks for; the attempt is spent all the same.
      if (error instanceof Fault && error.retryAfterMs !== undefined)
        return { kind: 'unavailable', why: code, retryAfterMs: error.retryAfterMs, spent: attempt.number }
      throw new Fault(code, code)
    }
  }
}

/** The fault behind an answer is for our log; the engine gets its class alone, where it waits for it to go away. */
function withoutFault<Result>(made: StepAnswer<Result>): { answer: StepAnswer<Result>; fault?: string } {
  if (!('fault' in made) || made.fault === undefined) return { answer: made }
  const { fault, ...answer } = made
  return { answer: answer.kind === 'unavailable' ? { why: fault, ...answer } : answer, fault }
}

type Unavailable = Extract<StepAnswer, { kind: 'unavailable' }>

/** An attempt that found nothing to talk to is not spent; those of the same call before it are. */
const unspent = (answer: Unavailable, { number, isLocal }: Attempt): Unavailable =>
  isLocal ? answer : { ...answer, spent: number - 1 }

/** The class of a fault. */
function codeOf(error: unknown): string {
  if (error instanceof Fault) return error.code
  return error instanceof Error && error.name.startsWith('Prisma') ? 'DATABASE' : 'INTERNAL'
}
