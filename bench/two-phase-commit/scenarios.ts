import type { Contestant } from './jobs.ts'
import type { Participant } from './participants.ts'

export const CONDITIONS = ['local', 'network', 'slow'] as const
export type Condition = (typeof CONDITIONS)[number]

export interface Scenario {
  condition: Condition
  inFlight: number
  isHot: boolean
  contestants: readonly Contestant[]
}

export const ONE_WAY_MS = 50
export const SLOW: Partial<Record<Participant, number>> = { payment: 200 }

/** How long each contestant is measured in one round: longer where an order takes longer. */
export const WINDOW_MS: Record<Condition, number> = { local: 2000, network: 4000, slow: 3000 }

/** How often a contestant is measured in a scenario in one round. */
export const TURNS: Record<Condition, number> = { local: 3, network: 1, slow: 1 }

const IN_FLIGHT = [1, 8, 32]

/** One order at a time has no queue: one hot row is then as good as two hundred. */
const isWorthIt = (inFlight: number, isHot: boolean) => !isHot || inFlight > 1

/** Where participants answer late, the order of the work matters, and is shown at one number in flight. */
const contestantsOf = (condition: Condition, inFlight: number): readonly Contestant[] =>
  condition !== 'local' && inFlight === 8 ? ['2PC', '2PC in sequence', 'saga'] : ['2PC', 'saga']

export const SCENARIOS: readonly Scenario[] = CONDITIONS.flatMap((condition) =>
  [false, true].flatMap((isHot) =>
    IN_FLIGHT.filter((inFlight) => isWorthIt(inFlight, isHot)).map((inFlight) => ({
      condition,
      inFlight,
      isHot,
      contestants: contestantsOf(condition, inFlight),
    })),
  ),
)
