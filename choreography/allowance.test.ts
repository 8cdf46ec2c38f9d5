import { describe, expect, it } from 'vitest'
import { createAllowance } from './allowance.ts'

describe('an allowance', () => {
  it('is a second of its rate at most, and comes back with time', () => {
    const allowance = createAllowance(50)
    expect(allowance.left(1000)).toBe(50)
    allowance.take(50)
    expect(allowance.left(1000)).toBe(0)
    expect(allowance.left(1010)).toBe(0)
    expect(allowance.left(1100)).toBe(5)
    expect(allowance.left(9000)).toBe(50)
  })

  it('allows its rate over a long time, however often it is asked', () => {
    const allowance = createAllowance(20)
    let taken = 0
    for (let nowMs = 0; nowMs < 10_000; nowMs += 7) {
      const left = allowance.left(nowMs)
      allowance.take(left)
      taken += left
    }
    // That of the first moment, and 20 for each of nearly ten seconds.
    expect(taken).toBe(219)
  })
})
