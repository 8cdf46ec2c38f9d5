/**
 * For work that is the same for all callers: it runs once at a time, and a call that comes during a run waits for the
 * next one. No answer is older than its question, and a crowd costs no more than two runs.
 */
export function shareRuns<T>(work: () => Promise<T>): () => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  let next: Promise<T> | undefined
  return () => {
    if (next !== undefined) return next
    next = last.then(() => {
      next = undefined
      return work()
    })
    last = next.catch(() => undefined)
    return next
  }
}
