import type { DurableLog } from './durable-log.ts'
import { PARTICIPANTS, detailOf, type Order, type Participant } from './participants.ts'
import {
  answerOf,
  call,
  slownessOf,
  type Environment,
  type Outcome,
  type Protocol,
  type Sessions,
} from './protocol.ts'
import type { OpenSaga, Progress } from './recovery.ts'

export interface SagaOptions {
  log: DurableLog<Progress>
  environment: Environment
}

/**
 * A saga over the same tables: each step is a database transaction of its own with its fence, one after the other; a
 * refusal undoes the steps before it in reverse order. The begin and the way back are on disk before they are acted on.
 */
export function createSaga({ log, environment }: SagaOptions): { run: Protocol; resume: Resume } {
  const { counts, reach } = environment

  async function forward(sessions: Sessions, order: Order): Promise<Outcome> {
    for (const [index, participant] of PARTICIPANTS.entries()) {
      const client = sessions[participant]
      const slowMs = slownessOf(environment, participant)
      const statement = call(client, 'step', order.id, detailOf(participant, order), slowMs)
      const answer = answerOf<string>(await client.query(statement))
      counts.participantFlushes += 1
      if (answer !== 'done') {
        await log.force({ type: 'compensate', orderId: order.id })
        return back(sessions, order, PARTICIPANTS.slice(0, index))
      }
      if (index === 0) await reach('after the first step', order)
    }
    log.note({ type: 'end', orderId: order.id })
    return 'done'
  }

  async function back(sessions: Sessions, order: Order, steps: readonly Participant[]): Promise<Outcome> {
    for (const participant of steps.toReversed()) {
      const client = sessions[participant]
      await client.query(call(client, 'compensate', order.id, detailOf(participant, order)))
      counts.participantFlushes += 1
    }
    log.note({ type: 'end', orderId: order.id })
    return 'refused'
  }

  return {
    async run(sessions, order) {
      await log.force({ type: 'begin', order })
      return forward(sessions, order)
    },
    resume: (sessions, { order, direction }) =>
      // After a crash the fences say which steps were done; the others get a fence against a late attempt.
      direction === 'forward' ? forward(sessions, order) : back(sessions, order, PARTICIPANTS),
  }
}

/** Goes on with a saga that a killed process left open. */
type Resume = (sessions: Sessions, saga: OpenSaga) => Promise<Outcome>
