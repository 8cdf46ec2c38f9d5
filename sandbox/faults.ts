import { z } from 'zod'

const FAULTS = [
  'up',
  'down',
  'slow',
  'flaky',
  'drop',
  'limited',
  'garbage',
  'unauthorized',
  'in_progress',
] as const

/** What can be wrong with a provider at large. */
export type ProviderFault = (typeof FAULTS)[number]

/** The fault of each provider by its name, and `percent`. */
type Faults = Readonly<Record<string, ProviderFault | number>>

const percent = z.number().int().min(0).max(100).default(100)

const GOLDEN_RATIO = (1 + Math.sqrt(5)) / 2

/** What is wrong with each provider at large, and for which share of all calls. */
export function createFaultSwitch(providers: readonly string[]) {
  const each = Object.fromEntries(providers.map((name) => [name, z.enum(FAULTS).default('up')]))
  const schema: z.ZodType<Faults> = z.strictObject({ ...each, percent })
  let faults = schema.parse({})
  let calls = 0
  return {
    current: () => faults,
    /** What is not named is `up`. @returns whether the body could be understood; otherwise nothing changes. */
    replace(body: unknown): boolean {
      const { success, data } = schema.safeParse(body)
      if (!success) return false
      faults = data
      calls = 0
      return true
    },
    /**
     * The fault that this call meets. The golden ratio spreads the hits: as many as asked for in any stretch of calls,
     * the same in every run, and in step with no caller that alternates between two kinds of calls.
     */
    meet(provider: string): ProviderFault {
      calls += 1
      const isHit = ((calls * GOLDEN_RATIO) % 1) * 100 < Number(faults['percent'])
      return (isHit && FAULTS.find((fault) => fault === faults[provider])) || 'up'
    },
  }
}

export type FaultSwitch = ReturnType<typeof createFaultSwitch>
