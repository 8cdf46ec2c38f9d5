import { DONE_BY, UNDONE_BY, type OrderEvent } from '../domain/order/events.ts'
import type { StepOutline } from '../domain/saga/step-outline.ts'

/** What an event of an order asks for: a step of some participant, or the next undo, whichever that is. */
export type Following =
  | { readonly kind: 'step'; readonly activity: string; readonly at: string }
  | { readonly kind: 'undo' }

/** An undo has come to something, or there is one to begin with. */
const UNDO_GOES_ON: ReadonlySet<string> = new Set([
  'CompensationBegun',
  'CompensationSkipped',
  'StepParked',
  ...UNDONE_BY.keys(),
])

/**
 * The one rule of choreography: what follows an event. Each participant's reactor asks it of each event, and does what
 * is its own. Undefined where nothing follows.
 */
export function follows(steps: readonly StepOutline[], { type, data }: OrderEvent): Following | undefined {
  if (UNDO_GOES_ON.has(type)) return { kind: 'undo' }
  if (type === 'OrderPlaced') return asStep(steps[0])
  // A step after the pivot is left out: the order goes on without it.
  const done = type === 'StepSkipped' ? data.step : DONE_BY.get(type)
  if (done === undefined) return undefined
  const at = steps.findIndex(({ name }) => name === done)
  return at === -1 ? undefined : asStep(steps[at + 1])
}

const asStep = (step: StepOutline | undefined): Following | undefined =>
  step === undefined ? undefined : { kind: 'step', activity: step.name, at: step.at }
