/** Ids that are kept at most: what is asked for that does not exist takes no memory for long. */
const KEPT_MAX = 10_000

/**
 * Asks once for what is asked again within a short time, also while the first answer is on its way. What cannot be
 * answered is asked again at once.
 */
export function createBriefCache<T>(keptMs: number, read: (id: string) => Promise<T>) {
  const known = new Map<string, { until: number; value: Promise<T> }>()
  return {
    get(id: string): Promise<T> {
      const now = performance.now()
      const found = known.get(id)
      if (found !== undefined && now < found.until) return found.value
      if (known.size >= KEPT_MAX) known.clear()
      const value = read(id)
      known.set(id, { until: now + keptMs, value })
      value.catch(() => known.delete(id))
      return value
    },
    forget: (id: string): void => void known.delete(id),
  }
}
