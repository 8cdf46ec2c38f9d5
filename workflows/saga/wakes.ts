/**
 * Wakes, as they arrive. A wake ends every wait that is open. When there is none, or when work is in progress, which may
 * have read the row before it changed, the wake is kept and ends the next wait.
 */
export function createWakes(isIdle: () => boolean) {
  let arrived = 0
  let open = 0
  let isPending = false
  return {
    wake: (): void => {
      if (open === 0 || !isIdle()) isPending = true
      arrived += 1
    },
    /** Whether a wake was kept for the wait that is about to begin. */
    takePending: (): boolean => {
      const wasPending = isPending
      isPending = false
      return wasPending
    },
    beginWait() {
      const before = arrived
      open += 1
      return {
        isWoken: () => arrived > before,
        end() {
          open -= 1
        },
      }
    },
  }
}
