import { PARTICIPANTS } from '../participants.ts'
import { allSteps } from '../saga/step.ts'
import { ENDS } from './saga-ends.ts'

/** An event of a saga, as far as it shows where time went. */
export interface Moment {
  type: string
  /** The step that it names. */
  step: string | null
  recordedAt: Date
}

const STEPS = allSteps(PARTICIPANTS)
const ACTIVITY_OF = new Map(
  STEPS.flatMap(({ name, undo, events }) => [
    [events.done, name] as const,
    ...events.undone.map((type) => [type, undo ?? name] as const),
  ]),
)
const WAITS = new Set(['WaitingBegun', 'CompensationDelayed'])

/**
 * Where the time of a saga went, in milliseconds: from each of its events to the next, by the step or the undo that was
 * at work, in the order in which they came first. A saga does one thing after another, so this is its critical path.
 * `start` is the time until its first step was recorded, and `end` that of closing it once all is undone.
 * @param moments its events in their order, the first of which is that it was asked for.
 */
export function criticalPath(moments: readonly Moment[]): Record<string, number> {
  const path: Record<string, number> = {}
  for (const [index, moment] of moments.entries()) {
    const before = moments[index - 1]
    if (before === undefined) continue
    const spent = index === 1 ? 'start' : spentBetween(before, moment)
    const ms = moment.recordedAt.getTime() - before.recordedAt.getTime()
    // The clock of the database may have been set back.
    path[spent] = (path[spent] ?? 0) + Math.max(ms, 0)
  }
  return path
}

function spentBetween(before: Moment, next: Moment): string {
  if (WAITS.has(before.type)) return `${before.step}.waiting`
  if (before.type === 'StepParked') return `${before.step}.parked`
  const activity = ACTIVITY_OF.get(next.type)
  if (activity !== undefined) return activity
  return next.type in ENDS ? 'end' : (next.step ?? next.type)
}
