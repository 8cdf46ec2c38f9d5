import { ORDER_PARTICIPANTS } from '../participants.ts'
import { allSteps } from '../saga/step.ts'

/** Why an order may have turned back: a step refused, or what can happen at any of them. */
export const REASON_CODES: readonly string[] = [
  ...new Set(allSteps(ORDER_PARTICIPANTS).flatMap(({ refuses }) => refuses)),
  'STEP_FAILED',
  'DEADLINE_EXCEEDED',
  'CANCELLED_BY_CUSTOMER',
]
