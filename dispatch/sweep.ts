import type { Logger } from 'pino'
import type { createRetryBatches } from '../domain/operations/retry-batches.ts'
import { purgeKeys } from '../domain/saga/idempotency.ts'
import type { Database } from '../prisma/client.ts'
import { describeError } from '../logger.ts'
import type { SagaStarter } from './starter.ts'

const INTERVAL_MS = 1000

export interface Sweepers {
  starter: SagaStarter
  retryBatches: ReturnType<typeof createRetryBatches>
  db: Database
}

/**
 * Does again each second what was left undone: starts and wakes that Temporal did not take, batches of retries that go
 * on, idempotency keys that have had their time. Every API process sweeps; the rows say who does what. The returned function ends it.
 */
export function sweepRegularly({ starter, retryBatches, db }: Sweepers, log: Logger): () => void {
  let isSweeping = false
  const sweep = async () => {
    if (isSweeping) return
    isSweeping = true
    try {
      await starter.sweep()
      await retryBatches.advance()
      await purgeKeys(db)
    } catch (error) {
      log.warn({ error: describeError(error) }, 'sweep failed, will be repeated')
    } finally {
      isSweeping = false
    }
  }
  const timer = setInterval(() => void sweep(), INTERVAL_MS)
  return () => clearInterval(timer)
}
