import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'

/**
 * How long is a stock row locked for each order? Seen from outside by a plain reader, which locks nothing: a row whose
 * `xmax` is a transaction in progress, prepared ones included, is locked by it. By Little's law the mean time is the mean
 * number of locked rows divided by the orders that lock one in a second.
 */
export interface LockSampler {
  /** @returns the mean number of locked rows since the start, and the number of samples. */
  stop(): Promise<{ lockedRows: number; samples: number }>
}

/** Of a length that varies: samples in step with the load would see the same moment of it again and again. */
const PAUSE_MS = { least: 5, spread: 10 }

const LOCKED = `SELECT count(*) FILTER (WHERE pg_xact_status(xmax::text::xid8) = 'in progress') AS locked
  FROM stock WHERE xmax::text <> '0'`

export function startLockSampler(inventory: pg.Client): LockSampler {
  const state = { isOver: false, locked: 0, samples: 0 }
  const sampling = (async () => {
    while (!state.isOver) {
      const { rows } = await inventory.query<{ locked: number }>({ name: 'locked', text: LOCKED })
      state.locked += rows[0]?.locked ?? 0
      state.samples += 1
      await sleep(PAUSE_MS.least + Math.random() * PAUSE_MS.spread)
    }
  })()
  return {
    async stop() {
      state.isOver = true
      await sampling
      return { lockedRows: state.locked / state.samples, samples: state.samples }
    },
  }
}
