import { setTimeout as sleep } from 'node:timers/promises'

/** Machines are shared: a wait is for a condition, and less than half of the time limit of a test. */
const PATIENCE_MS = 240_000

/**
 * Asked less often the longer it takes: hundreds of waits at once would else keep a small machine from what they wait
 * for.
 */
const PAUSE = { firstMs: 50, factor: 1.2, maxMs: 1000 }

/** The first answer of `ask` that is not undefined. @throws Error that names what was waited for. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined> | T | undefined,
  patienceMs = PATIENCE_MS,
): Promise<T> {
  const giveUpAt = Date.now() + patienceMs
  let pauseMs = PAUSE.firstMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (Date.now() > giveUpAt) throw new Error(`Waited ${patienceMs / 1000} s for ${what}`)
    await sleep(pauseMs)
    pauseMs = Math.min(pauseMs * PAUSE.factor, PAUSE.maxMs)
  }
}
