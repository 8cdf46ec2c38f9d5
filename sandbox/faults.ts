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

export function createFaultSwitch() {
  let faults: Faults = faultsSchema.parse({})
  let calls = 0
  return {
    current: () => faults,
    set(next: Faults) {
      faults = next
      calls = 0
    },
    /** The fault that this call meets. Exactly `percent` of every hundred calls meet one, evenly spread. */
    meet(provider: 'payment' | 'shipping'): Fault {
      calls += 1
      const isHit =
        Math.floor((calls * faults.percent) / 100) > Math.floor(((calls - 1) * faults.percent) / 100)
      return isHit ? faults[provider] : 'up'
    },
  }
}

export type FaultSwitch = ReturnType<typeof createFaultSwitch>
