import { z } from 'zod'

const FAULTS = ['up', 'down', 'slow', 'flaky', 'drop', 'limited'] as const

/** What is wrong with a provider at large, and for which share of its calls. */
export const faultsSchema = z.strictObject({
  payment: z.enum(FAULTS).default('up'),
  shipping: z.enum(FAULTS).default('up'),
  percent: z.number().int().min(0).max(100).default(100),
})

export type Faults = z.infer<typeof faultsSchema>
export type Fault = (typeof FAULTS)[number]

const GOLDEN_RATIO = (1 + Math.sqrt(5)) / 2

export function createFaultSwitch() {
  let faults: Faults = faultsSchema.parse({})
  let calls = 0
  return {
    current: () => faults,
    set(next: Faults) {
      faults = next
      calls = 0
    },
    /**
     * The fault that this call meets. The golden ratio spreads the hits: as many as asked for in any stretch of calls,
     * the same in every run, and in step with nobody who calls in turn for this and that.
     */
    meet(provider: 'payment' | 'shipping'): Fault {
      calls += 1
      const isHit = ((calls * GOLDEN_RATIO) % 1) * 100 < faults.percent
      return isHit ? faults[provider] : 'up'
    },
  }
}

export type FaultSwitch = ReturnType<typeof createFaultSwitch>
