/**
 * For work that is the same for everybody who asks: it runs once at a time, and whoever asks while it runs waits for the
 * next run. No answer was begun before it was asked for, and a crowd costs no more than two runs.
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
