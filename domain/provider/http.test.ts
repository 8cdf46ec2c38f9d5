import { describe, expect, it } from 'vitest'
import { parseRetryAfter } from './http.ts'

describe('Retry-After', () => {
  it('is read as seconds or as a date, in milliseconds from now', () => {
    const nowMs = Date.UTC(2026, 0, 1)
    expect(parseRetryAfter('2', nowMs)).toBe(2000)
    expect(parseRetryAfter('Thu, 01 Jan 2026 00:00:30 GMT', nowMs)).toBe(30_000)
    expect(parseRetryAfter('Wed, 31 Dec 2025 00:00:00 GMT', nowMs)).toBe(0)
    expect(parseRetryAfter('86400', nowMs)).toBe(60_000)
    expect(parseRetryAfter(undefined, nowMs)).toBeUndefined()
    expect(parseRetryAfter('soon', nowMs)).toBeUndefined()
  })
})
