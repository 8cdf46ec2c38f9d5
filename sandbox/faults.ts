import type { z } from 'zod'
import { FAULTS, faultRequest, tail, type ProviderFault } from '../sandbox-faults.ts'

/** The fault of each provider by its name; `percent`, and the `tail` where there is one. */
type Faults = Readonly<Record<string, ProviderFault | number | z.infer<typeof tail> | undefined>>

const GOLDEN_RATIO = (1 + Math.sqrt(5)) / 2

/** What is wrong with each provider at large, and for which share of all calls. */
export function createFaultSwitch(providers: readonly string[]) {
  const schema: z.ZodType<Faults> = faultRequest(providers)
  let faults = schema.parse({})
  const isFaulty = createSpread(GOLDEN_RATIO)
  // Another ratio: which calls are late has nothing to do with which are faulty.
  const isLate = createSpread(Math.SQRT2)
  return {
    current: () => faults,
    /** What is not named is `up`. @returns whether the body could be understood; otherwise nothing changes. */
    replace(body: unknown): boolean {
      const { success, data } = schema.safeParse(body)
      if (!success) return false
      faults = data
      isFaulty.restart()
      isLate.restart()
      return true
    },
    /** The fault that this call meets. */
    meet(provider: string): ProviderFault {
      const isHit = isFaulty.next(Number(faults['percent']))
      return (isHit && FAULTS.find((fault) => fault === faults[provider])) || 'up'
    },
    /** How late this call is answered, in milliseconds: its effect is not late. */
    delayMs(): number {
      const late = tail.safeParse(faults['tail']).data
      return late !== undefined && isLate.next(late.percent) ? late.ms : 0
    },
  }
}

/**
 * An irrational ratio spreads the hits: as many as asked for in any stretch of calls, the same in every run, and in
 * step with no caller that alternates between two kinds of calls.
 */
function createSpread(ratio: number) {
  let calls = 0
  return {
    next(percent: number): boolean {
      calls += 1
      return ((calls * ratio) % 1) * 100 < percent
    },
    restart() {
      calls = 0
    },
  }
}

export type FaultSwitch = ReturnType<typeof createFaultSwitch>
