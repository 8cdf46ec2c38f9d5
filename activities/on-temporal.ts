import { activityInfo, ApplicationFailure, cancellationSignal, heartbeat } from '@temporalio/activity'
import { Fault } from '../faults.ts'
import type { StepAnswer } from '../domain/saga/step-answer.ts'
import type { Activity } from './attempt.ts'

/** How often a queued activity shows that its worker lives. */
const HEARTBEAT_INTERVAL_MS = 1000

/** Activities as a Temporal worker registers them. The one place where an activity meets Temporal. */
export function onTemporal(
  activities: Readonly<Record<string, Activity<never, unknown>>>,
): Record<string, (input: never) => Promise<StepAnswer>> {
  return Object.fromEntries(Object.entries(activities).map(([name, activity]) => [name, bind(activity)]))
}

const bind =
  (activity: Activity<never, unknown>) =>
  async (input: never): Promise<StepAnswer> => {
    const { attempt: number, isLocal } = activityInfo()
    const beat = isLocal ? undefined : setInterval(() => heartbeat(), HEARTBEAT_INTERVAL_MS)
    try {
      return await activity(input, { number, isLocal, signal: cancellationSignal() })
    } catch (error) {
      throw error instanceof Fault ? asFailure(error.code) : error
    } finally {
      clearInterval(beat)
    }
  }

function asFailure(type: string): ApplicationFailure {
  const failure = ApplicationFailure.create({ type, message: type })
  // Clients can read a history: where in our code it happened is for the log.
  failure.stack = ''
  return failure
}
