import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { describeError } from '../logger.ts'

const INTERVAL_MS = 1000

/**
 * Does each job again and again, each in a loop of its own: one that takes long, or fails, holds up no other. Every API
 * process does; the rows say who does what. The returned function ends the loops and waits for what is in progress.
 */
export function sweepRegularly(
  jobs: Readonly<Record<string, () => Promise<unknown>>>,
  log: Logger,
): () => Promise<void> {
  const ending = new AbortController()
  const loops = Object.entries(jobs).map(([name, job]) => repeat(name, job, log, ending.signal))
  return async () => {
    ending.abort()
    await Promise.all(loops)
  }
}

/** Failures that follow each other are reported once, and counted. */
async function repeat(
  name: string,
  job: () => Promise<unknown>,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  for (let failed = 0; !signal.aborted;) {
    await sleep(INTERVAL_MS, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    try {
      await job()
      if (failed > 0) log.info({ job: name, failed }, 'a job succeeds again')
      failed = 0
    } catch (error) {
      failed += 1
      if (failed === 1) log.warn({ job: name, error: describeError(error) }, 'a job failed, will be repeated')
    }
  }
}
