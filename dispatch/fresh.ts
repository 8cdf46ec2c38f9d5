/**
 * New sagas that could not be started at once. For a second after it was placed a saga is claimed for the process that
 * took it in; so long that process remembers it, and takes it with the others that are due.
 */
const REMEMBERED_MS = 800

export function createFresh(now: () => number = () => performance.now()) {
  const added = new Map<string, number>()
  return {
    add: (id: string): void => void added.set(id, now()),
    forget: (id: string): void => void added.delete(id),
    /** Oldest first. */
    ids(): string[] {
      for (const [id, at] of added) {
        if (now() - at < REMEMBERED_MS) break
        added.delete(id)
      }
      return [...added.keys()]
    },
  }
}
