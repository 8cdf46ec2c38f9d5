import type { AttemptPorts } from '../activities/attempt.ts'
import { createActivities, type Services } from '../activities/index.ts'
import type { ChoreographyOptions } from '../choreography/choreography.ts'
import type { Policies } from '../choreography/reaction.ts'
import type { MakeAttempt } from '../choreography/runner.ts'
import { withLogContext } from '../log-context.ts'
import {
  ATTEMPTS,
  BACKOFF,
  PARK_AFTER_MS,
  QUEUED_ATTEMPT_TIMEOUT_MS,
  slowTimerMs,
  waitingMs,
} from '../workflows/saga/policies.ts'
import { bulkheadOf, PARTICIPANT_NAMES, type Bulkhead } from './bulkheads.ts'

/** The numbers of the orchestrated saga. */
export const POLICIES: Policies = {
  attempts: ATTEMPTS,
  parkAfterMs: PARK_AFTER_MS,
  attemptTimeoutMs: QUEUED_ATTEMPT_TIMEOUT_MS,
  backoff: BACKOFF,
  slowTimerMs,
  waitingMs,
}

/** What choreography calls: the same attempts, numbers, slots and rates as the workers of the orchestrated saga. */
export function reactionsWiring(
  services: Services,
  ports: AttemptPorts,
): Pick<ChoreographyOptions, 'attempts' | 'policies' | 'slotsOf' | 'perSecondOf'> {
  const activities: [string, MakeAttempt][] = Object.values(createActivities(services, ports)).flatMap(
    (group) =>
      Object.entries(group).map(([name, activity]): [string, MakeAttempt] => [
        name,
        (id, tried, signal) =>
          withLogContext({ orderId: id, activity: name }, () =>
            activity({ id, tried } as never, { number: 1, isLocal: false, signal }),
          ),
      ]),
  )
  return {
    attempts: Object.fromEntries(activities),
    policies: POLICIES,
    slotsOf: (participant) => limitsOf(participant).slots,
    perSecondOf: (participant) => limitsOf(participant).perSecond,
  }
}

function limitsOf(participant: string): Bulkhead {
  const known = PARTICIPANT_NAMES.find((name) => name === participant)
  return known === undefined ? { slots: 1, perSecond: 1 } : bulkheadOf(known)
}
