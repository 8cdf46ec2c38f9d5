import { describe, expect, it } from 'vitest'
import {
  HEARTBEAT_TIMEOUT_MS,
  LOCAL_ATTEMPT_TIMEOUT_MS,
  QUEUED_ATTEMPT_TIMEOUT_MS,
  slowTimerMs,
  waitingMs,
} from './policies.ts'

describe('the waits', () => {
  it('of a parked step double from a minute to six hours', () => {
    expect([0, 1, 2, 8, 9, 1000].map(slowTimerMs)).toEqual([
      60_000, 120_000, 240_000, 15_360_000, 21_600_000, 21_600_000,
    ])
  })

  it('for an unavailable provider double from a second to a minute', () => {
    expect([0, 1, 5, 6, 1000].map((waits) => waitingMs(waits, {}))).toEqual([
      1000, 2000, 32_000, 60_000, 60_000,
    ])
  })

  it('for a provider that has not decided yet leave no fifteen seconds without a question', () => {
    expect([0, 1, 3, 4, 1000].map((waits) => waitingMs(waits, { why: 'PENDING' }))).toEqual([
      1000, 2000, 8000, 10_000, 10_000,
    ])
  })

  it('are never shorter than a provider asked for, and grow less when it did', () => {
    expect([0, 1, 2, 3, 9].map((waits) => waitingMs(waits, { retryAfterMs: 1000 }))).toEqual([
      1000, 2000, 4000, 8000, 8000,
    ])
    expect([0, 1].map((waits) => waitingMs(waits, { retryAfterMs: 30_000 }))).toEqual([30_000, 30_000])
    expect(waitingMs(0, { retryAfterMs: 0 })).toBe(1000)
  })
})

describe('the time limits', () => {
  it('nest, so that an attempt learns what happened before it is given up', () => {
    expect(LOCAL_ATTEMPT_TIMEOUT_MS).toBeLessThan(HEARTBEAT_TIMEOUT_MS)
    expect(HEARTBEAT_TIMEOUT_MS).toBeLessThan(QUEUED_ATTEMPT_TIMEOUT_MS)
  })
})
