import type { StepOutline } from '../../domain/saga/step-outline.ts'
import { HttpProblem } from '../problem.ts'

/**
 * @param steps undefined when the saga's definition is not known here: its row is then the only judge.
 * @param pointer where the body names the step.
 * @throws HttpProblem (422) for a name that no step has.
 */
export function requireKnownStep(
  step: string | undefined,
  steps: readonly StepOutline[] | undefined,
  pointer = '/step',
): void {
  if (step === undefined || steps === undefined || steps.some(({ name }) => name === step)) return
  const names = new Set(steps.map(({ name }) => name))
  throw new HttpProblem('UNKNOWN_STEP', 'No step has this name.', [
    { pointer, detail: `One of ${[...names].join(', ')}.` },
  ])
}
