import { Counter, Histogram, type Registry } from 'prom-client'
import type { OnAttempt } from '../activities/attempt.ts'

/** Seconds: a row of ours takes milliseconds, a queued attempt at a provider up to six seconds. */
const SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/** Counts the attempts at steps, undos and the sagas' record, whichever engine makes them. */
export function createAttemptMetrics(registry: Registry): OnAttempt {
  const registers = [registry]
  const attempts = new Counter({
    name: 'ordersaga_attempts_total',
    help: 'Attempts at steps, undos and the record of sagas, by how they ended',
    labelNames: ['activity', 'outcome'],
    registers,
  })
  const seconds = new Histogram({
    name: 'ordersaga_attempt_seconds',
    help: 'How long they took',
    labelNames: ['activity'],
    buckets: SECONDS,
    registers,
  })
  return (activity, outcome, ms) => {
    attempts.inc({ activity, outcome })
    seconds.observe({ activity }, ms / 1000)
  }
}
