import type { createLoyalty } from '../domain/loyalty/loyalty.ts'
import { createActivity, type AttemptPorts } from './attempt.ts'

export function createLoyaltyActivities(loyalty: ReturnType<typeof createLoyalty>, ports: AttemptPorts) {
  return {
    awardPoints: createActivity('awardPoints', ports, ({ id }, { number }) =>
      loyalty.awardPoints(id, number),
    ),
    revokePoints: createActivity('revokePoints', ports, ({ id }, { number }) =>
      loyalty.revokePoints(id, number),
    ),
  }
}
