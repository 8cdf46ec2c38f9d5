/**
 * Wakes, as they arrive. A wake ends every wait that is open. What is being tried meanwhile may have read the row
 * before it changed, so each of those tries again without waiting: a wake is never used up by one activity for another.
 */
export function createWakes() {
  let arrived = 0
  const seen = new Map<string, number>()
  return {
    wake: (): void => {
      arrived += 1
    },
    /** An attempt at this activity begins: it finds what every wake so far was for. */
    attempt: (activity: string): void => void seen.set(activity, arrived),
    /** Whether a wake has arrived since the last attempt at this activity began. */
    isWoken: (activity: string): boolean => arrived > (seen.get(activity) ?? 0),
  }
}
