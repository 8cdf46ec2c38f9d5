import { afterEach, describe, expect, it, vi } from 'vitest'
import { createCapacity } from './capacity.ts'

function capacityOf(max: number) {
  const clock = { at: 1000 }
  const said: string[] = []
  const capacity = createCapacity({
    max,
    now: () => clock.at,
    onAway: () => said.push('away'),
    onBack: (failed) => said.push(`back after ${failed}`),
  })
  const limit = () => capacity.free(0)
  /** A round of calls that fill every place and succeed. */
  const succeed = (rounds = 1) => {
    for (let round = 0; round < rounds; round += 1) {
      const full = limit()
      for (let call = 0; call < full; call += 1) capacity.succeeded()
    }
  }
  return { capacity, clock, said, limit, succeed }
}

describe('the capacity of a server', () => {
  it('is doubled with each round of calls that succeed, up to its most', () => {
    const { limit, succeed } = capacityOf(64)
    const limits = [limit()]
    for (let round = 0; round < 4; round += 1) {
      succeed()
      limits.push(limit())
    }
    expect(limits).toEqual([8, 16, 32, 64, 64])
  })

  it.each(['busy', 'slow'] as const)(
    'is halved once for a round of calls that found it %s, and then grows by one a round',
    (trouble) => {
      const { capacity, clock, limit, succeed } = capacityOf(64)
      succeed(3)
      const startedAt = clock.at
      clock.at += 10
      capacity.succeeded()
      for (let call = 0; call < 20; call += 1) capacity.failed(trouble, startedAt)
      expect(limit()).toBe(0)
      clock.at += 100
      expect(limit()).toBe(32)
      succeed(2)
      expect([limit(), capacity.isAway()]).toEqual([33, false])
    },
  )

  it('is one call at a time, half a second after the last, while the server is away', () => {
    const { capacity, clock, said } = capacityOf(64)
    for (let call = 0; call < 8; call += 1) capacity.failed('away', clock.at)
    expect([capacity.free(0), capacity.isAway()]).toEqual([0, true])
    clock.at += 500
    expect([capacity.free(0), capacity.free(1)]).toEqual([1, 0])
    capacity.failed('slow', clock.at)
    expect(capacity.free(0)).toBe(0)
    clock.at += 500
    capacity.succeeded()
    expect(said).toEqual(['away', 'back after 9'])
    expect(capacity.free(0)).toBeGreaterThan(0)
  })

  it('is that of a server that is away when a call has no answer and no other call has had one meanwhile', () => {
    const { capacity, clock } = capacityOf(64)
    capacity.succeeded()
    clock.at += 10
    const startedAt = clock.at
    clock.at += 5000
    capacity.failed('slow', startedAt)
    expect(capacity.isAway()).toBe(true)
  })

  it('grows fast again after the server was away', () => {
    const { capacity, clock, limit, succeed } = capacityOf(64)
    succeed(3)
    capacity.failed('away', clock.at)
    clock.at += 500
    succeed(5)
    expect(limit()).toBe(32)
  })

  it('is not changed by a call that failed for a reason of its own', () => {
    const { capacity, clock, limit } = capacityOf(64)
    capacity.failed('none', clock.at)
    expect([limit(), capacity.isAway()]).toEqual([8, false])
  })
})

describe('a server that is away', () => {
  afterEach(() => void vi.useRealTimers())

  it('is asked again soon, also when the clock of the host is set back meanwhile', () => {
    vi.useFakeTimers({ toFake: ['Date', 'performance', 'setTimeout'] })
    const capacity = createCapacity({ max: 4 })
    capacity.failed('away', performance.now())
    expect(capacity.free(0)).toBe(0)
    vi.setSystemTime(Date.now() - 600_000)
    vi.advanceTimersByTime(1000)
    expect(capacity.free(0)).toBe(1)
  })
})
