import { describe, expect, it } from 'vitest'
import { createLocalPermits } from './permits.ts'

function permitsAt() {
  let nowMs = 0
  const permits = createLocalPermits(() => nowMs)
  const call = (durationMs: number): boolean => {
    const release = permits.acquire()
    nowMs += durationMs
    release?.()
    return release !== undefined
  }
  return { permits, call, pass: (ms: number) => (nowMs += ms) }
}

describe('local permits', () => {
  it('are few, and a call that has not ended keeps its own', () => {
    const { permits } = permitsAt()
    const held = Array.from({ length: permits.limit }, () => permits.acquire())
    expect(held.every((release) => release !== undefined)).toBe(true)
    expect(permits.acquire()).toBeUndefined()
    held[0]?.()
    expect(permits.inUse()).toBe(permits.limit - 1)
    expect(permits.acquire()).toBeDefined()
  })

  it('are given while the provider is fast', () => {
    const { call } = permitsAt()
    expect(Array.from({ length: 20 }, () => call(20))).not.toContain(false)
  })

  it('are not given once it has become slow, but for one call a second that finds out', () => {
    const { call, pass } = permitsAt()
    for (let n = 0; n < 5; n += 1) call(900)
    expect(call(900)).toBe(false)
    pass(1000)
    expect(call(900)).toBe(true)
    expect(call(900)).toBe(false)
  })

  it('are given again when it has become fast', () => {
    const { call, pass } = permitsAt()
    for (let n = 0; n < 5; n += 1) call(900)
    for (let n = 0; n < 3; n += 1) {
      pass(1000)
      expect(call(10)).toBe(true)
    }
    expect(call(10)).toBe(true)
    expect(call(10)).toBe(true)
  })
})
