import { describe, expect, it } from 'vitest'
import { createFaultSwitch } from './faults.ts'

const createSwitch = () => createFaultSwitch(['payment', 'shipping'])

describe('the tail of slow answers', () => {
  it('is no part of what is wrong until it is asked for, and is gone when it is not named again', () => {
    const faults = createSwitch()
    expect(faults.delayMs()).toBe(0)
    faults.replace({ tail: { percent: 100, ms: 700 } })
    expect(faults.current()).toEqual({
      payment: 'up',
      shipping: 'up',
      percent: 100,
      tail: { percent: 100, ms: 700 },
    })
    expect(faults.delayMs()).toBe(700)
    faults.replace({})
    expect(faults.current()).toEqual({ payment: 'up', shipping: 'up', percent: 100 })
    expect(faults.delayMs()).toBe(0)
  })

  it('meets the share of calls that was asked for, and leaves the others alone', () => {
    const faults = createSwitch()
    faults.replace({ tail: { percent: 5, ms: 700 } })
    const late = Array.from({ length: 1000 }, () => faults.delayMs()).filter((ms) => ms === 700)
    expect(late.length).toBeGreaterThanOrEqual(48)
    expect(late.length).toBeLessThanOrEqual(52)
  })

  it('is not spread in step with the faults: some late calls are healthy, and some are faulty', () => {
    const faults = createSwitch()
    faults.replace({ payment: 'flaky', percent: 30, tail: { percent: 30, ms: 700 } })
    const calls = Array.from({ length: 200 }, () => ({
      delayMs: faults.delayMs(),
      fault: faults.meet('payment'),
    }))
    const late = new Set(calls.filter(({ delayMs }) => delayMs > 0).map(({ fault }) => fault))
    expect(late).toEqual(new Set(['up', 'flaky']))
  })

  it.each([
    { tail: { percent: 101, ms: 1 } },
    { tail: { percent: -1, ms: 1 } },
    { tail: { percent: 1, ms: 60_001 } },
    { tail: { percent: 1, ms: -1 } },
    { tail: { percent: 1 } },
    { tail: { ms: 1 } },
    { tail: { percent: 1, ms: 1, of: 'payment' } },
    { tail: 5 },
  ])('%j is not understood, and changes nothing', (body) => {
    const faults = createSwitch()
    faults.replace({ payment: 'down' })
    expect(faults.replace(body)).toBe(false)
    expect(faults.current()).toEqual({ payment: 'down', shipping: 'up', percent: 100 })
  })
})
