import { setTimeout as sleep } from 'node:timers/promises'

const FIRST_MS = 100
const MAX_MS = 5000

/** How long to wait after so many failures in a row: 100 ms, doubled each time up to 5 s, less up to half by chance. */
export function backoffMs(failures: number): number {
  return Math.min(FIRST_MS * 2 ** (failures - 1), MAX_MS) * (1 - Math.random() / 2)
}

/** Waits, or returns at once when the signal is given. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined)
}
