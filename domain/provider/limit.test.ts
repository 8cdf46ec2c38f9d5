import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createConcurrencyLimit, LIMIT_MIN, TURN_MAX_MS } from './limit.ts'

const MAX = 38
const signal = new AbortController().signal
const queued = { isLocal: false, signal }
const local = { isLocal: true, signal }

/** Beyond every call of a scene. */
const LAST_CALL_MS = 20_000

/** A provider with so many places, each taken for so long by a call; the others wait in line. */
function limited({ places, ms }: { places: number; ms: number }) {
  const limits: number[] = []
  const limit = createConcurrencyLimit(MAX, { onLimit: (now) => limits.push(now) })
  const state = { places, ms, refused: 0 }
  let freeAt: number[] = []
  const call = async () => {
    const release = await limit.acquire({ isLocal: false, signal: new AbortController().signal })
    if (release === undefined) {
      state.refused += 1
      return
    }
    freeAt = Array.from({ length: state.places }, (_, n) => freeAt[n] ?? 0).toSorted((a, b) => a - b)
    const endsAt = Math.max(freeAt[0] ?? 0, performance.now()) + state.ms
    freeAt[0] = endsAt
    await new Promise((resolve) => setTimeout(resolve, endsAt - performance.now()))
    release(true)
  }
  /** Calls from so many callers, each of which calls again at once. */
  const load = async (callers: number, forMs: number) => {
    const until = performance.now() + forMs
    const keepCalling = async () => {
      while (performance.now() < until) await call()
    }
    const all = Promise.all(Array.from({ length: callers }, keepCalling))
    await vi.advanceTimersByTimeAsync(forMs + LAST_CALL_MS)
    await all
  }
  return { limit, limits, state, load }
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('the limit of calls at once', () => {
  it('stays where it begins while the provider answers in time', async () => {
    const { limit, load } = limited({ places: 100, ms: 20 })
    await load(45, 1000)
    expect(limit.current()).toBe(MAX)
  })

  it('falls to what an overloaded provider answers in time, and comes back with its capacity', async () => {
    const { limit, limits, state, load } = limited({ places: 100, ms: 300 })
    await load(10, 2000)
    state.places = 4
    await load(45, 60_000)
    expect(Math.max(...limits.slice(-20))).toBeLessThan(MAX / 2)
    state.places = 100
    await load(45, 60_000)
    expect(limit.current()).toBe(MAX)
  })

  it('comes back also when all calls stay slow, since fewer at once made none faster', async () => {
    const { limit, limits, state, load } = limited({ places: 100, ms: 20 })
    await load(45, 500)
    state.ms = 2000
    await load(45, 120_000)
    expect(Math.min(...limits)).toBe(LIMIT_MIN)
    expect(limit.current()).toBe(MAX)
  })

  it('is not lowered by a few late answers among many', async () => {
    const limit = createConcurrencyLimit(MAX)
    for (let n = 0; n < 400; n += 1) {
      const release = await limit.acquire(queued)
      await vi.advanceTimersByTimeAsync(n % 20 === 0 ? 2000 : 10)
      release?.(true)
    }
    expect(limit.current()).toBe(MAX)
  })

  it('is not changed by calls that fail at once', async () => {
    const limit = createConcurrencyLimit(MAX)
    for (let n = 0; n < 100; n += 1) {
      const release = await limit.acquire(queued)
      await vi.advanceTimersByTimeAsync(n < 20 ? 10 : 4000)
      release?.(n < 20)
    }
    expect(limit.current()).toBe(MAX)
  })

  it('keeps its bounds, and never lets in more than it says, whatever the provider does', async () => {
    const calls = fc.array(
      fc.record({ ms: fc.integer({ min: 0, max: 5000 }), isMeasured: fc.boolean(), isLocal: fc.boolean() }),
      { minLength: 20, maxLength: 100 },
    )
    await fc.assert(
      fc.asyncProperty(calls, fc.integer({ min: 2, max: 40 }), async (all, max) => {
        const limit = createConcurrencyLimit(max)
        let inUse = 0
        const made = all.map(async ({ ms, isMeasured, isLocal }, n) => {
          await new Promise((resolve) => setTimeout(resolve, n * 50))
          const release = await limit.acquire({ isLocal, signal: new AbortController().signal })
          if (release === undefined) return
          inUse += 1
          expect(inUse).toBeLessThanOrEqual(max)
          await new Promise((resolve) => setTimeout(resolve, ms))
          inUse -= 1
          release(isMeasured)
          expect(limit.current()).toBeGreaterThanOrEqual(LIMIT_MIN)
          expect(limit.current()).toBeLessThanOrEqual(max)
        })
        await vi.advanceTimersByTimeAsync(60_000)
        await Promise.all(made)
        expect(inUse).toBe(0)
      }),
      { numRuns: 30 },
    )
  })
})

describe('a call above the limit', () => {
  const full = async () => {
    const limit = createConcurrencyLimit(LIMIT_MIN)
    const releases = [await limit.acquire(queued), await limit.acquire(queued)]
    return { limit, releases }
  }

  it('gets the next turn, the first that waits first', async () => {
    const { limit, releases } = await full()
    const entered: number[] = []
    const waiting = [0, 1].map(async (n) => {
      const release = await limit.acquire(queued)
      entered.push(n)
      return release
    })
    releases[0]?.(true)
    await vi.advanceTimersByTimeAsync(1)
    expect(entered).toEqual([0])
    releases[1]?.(true)
    await Promise.all(waiting)
    expect(entered).toEqual([0, 1])
  })

  it('is not made when no turn comes in time, its attempt is given up, or it is local', async () => {
    const { limit } = await full()
    expect(await limit.acquire(local)).toBeUndefined()
    const ending = new AbortController()
    const givenUp = limit.acquire({ isLocal: false, signal: ending.signal })
    ending.abort()
    expect(await givenUp).toBeUndefined()
    const late = limit.acquire(queued)
    await vi.advanceTimersByTimeAsync(TURN_MAX_MS)
    expect(await late).toBeUndefined()
  })
})
