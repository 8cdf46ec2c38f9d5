import { describe, expect, it } from 'vitest'
import { parseRetryAfter } from './http.ts'

describe('Retry-After', () => {
  const date = 'Thu, 01 Jan 2026 00:00:00 GMT'
  const read = (retryAfter: string | undefined) => parseRetryAfter({ date, 'retry-after': retryAfter })

  it('is read as seconds or as a date, in milliseconds from now', () => {
    expect(read('2')).toBe(2000)
    expect(read('Thu, 01 Jan 2026 00:00:30 GMT')).toBe(30_000)
    expect(read('Wed, 31 Dec 2025 00:00:00 GMT')).toBe(0)
    expect(read('86400')).toBe(60_000)
    expect(read(undefined)).toBeUndefined()
    expect(read('soon')).toBeUndefined()
  })

  it('as a date is compared with the date of its answer, and means nothing in an answer without', () => {
    const tenMinutesOff = { 'retry-after': 'Thu, 01 Jan 2026 00:10:02 GMT' }
    expect(parseRetryAfter({ ...tenMinutesOff, date: 'Thu, 01 Jan 2026 00:10:00 GMT' })).toBe(2000)
    expect(parseRetryAfter(tenMinutesOff)).toBeUndefined()
  })
})
