import type { Journal } from '../domain/saga/journal.ts'
import type { BoundSteps, StepAttempt } from '../domain/saga/step.ts'
import type { PARTICIPANTS } from '../domain/participants.ts'
import { createActivity, type Activity, type AttemptPorts, type SagaRef } from './attempt.ts'
import { createJournalActivities } from './journal.ts'

/** What the activities call. */
export interface Services {
  steps: BoundSteps<typeof PARTICIPANTS>
  journals: { order: Journal; transfer: Journal; return: Journal }
}

/** Every activity, by the participant whose queue it is on: the steps of the registry, and the sagas' journals. */
export function createActivities({ steps, journals }: Services, ports: AttemptPorts) {
  const bound = Object.entries(steps).map(([at, attempts]) => [at, asActivities(attempts, ports)])
  const activities = Object.fromEntries(bound) as StepActivities
  return {
    ...activities,
    order: {
      ...activities.order,
      ...createJournalActivities(journals.order, ports, {
        begin: 'beginOrderCompensation',
        note: 'noteOrderProgress',
        cancel: 'cancelOrder',
        close: 'closeOrder',
      }),
    },
    transfer: {
      ...activities.transfer,
      ...createJournalActivities(journals.transfer, ports, {
        begin: 'beginTransferCompensation',
        note: 'noteTransferProgress',
        cancel: 'cancelTransfer',
        close: 'closeTransfer',
      }),
    },
    return: {
      ...activities.return,
      ...createJournalActivities(journals.return, ports, {
        begin: 'beginReturnCompensation',
        note: 'noteReturnProgress',
        cancel: 'cancelReturn',
        close: 'closeReturn',
      }),
    },
  }
}

export type Activities = ReturnType<typeof createActivities>

type StepActivities = {
  readonly [At in keyof Services['steps']]: {
    readonly [Name in keyof Services['steps'][At]]: Activity<SagaRef, never>
  }
}

const asActivities = (attempts: Readonly<Record<string, StepAttempt>>, ports: AttemptPorts) =>
  Object.fromEntries(
    Object.entries(attempts).map(([name, attemptOnce]) => [
      name,
      createActivity(name, ports, ({ id }, attempt) => attemptOnce(id, attempt)),
    ]),
  )
