/** How much may be done now of what may be done so often a second. */
export interface Allowance {
  /** @param nowMs of a clock that never goes back. */
  left(nowMs: number): number
  take(count: number): void
}

/** What was not used within a second is lost: orders that have waited come back at this rate, and not all at once. */
export function createAllowance(perSecond: number): Allowance {
  let left = perSecond
  let lookedAt: number | undefined
  return {
    left(nowMs) {
      const passedMs = nowMs - (lookedAt ?? nowMs)
      lookedAt = nowMs
      left = Math.min(perSecond, left + (passedMs / 1000) * perSecond)
      return Math.max(0, Math.floor(left))
    },
    take(count) {
      left -= count
    },
  }
}
