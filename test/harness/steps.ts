import type { Attempt } from '../../domain/provider/protocol.ts'
import { PARTICIPANTS } from '../../domain/participants.ts'
import { bindSteps, type StepAttempt } from '../../domain/saga/step.ts'
import type { Database } from '../../prisma/client.ts'
import { perProvider } from '../../providers.ts'

/** A queued attempt of this number. */
export const attempt = (number: number): Attempt => ({
  number,
  isLocal: false,
  signal: new AbortController().signal,
})

/** Makes one attempt at a step or an undo that is at a row, by the name of its activity. */
export function attemptStep(db: Database, activity: string, sagaId: string, number = 1) {
  const noProvider = perProvider((name) => () => Promise.reject(new Error(`${name} is not there`)))
  const steps = bindSteps(PARTICIPANTS, { db, reach: () => undefined, providers: noProvider })
  const attempts: Record<string, StepAttempt> = Object.assign({}, ...Object.values(steps))
  const found = attempts[activity]
  if (found === undefined) throw new Error(`No step has an activity ${activity}`)
  return found(sagaId, attempt(number))
}
