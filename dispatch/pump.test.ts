import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createPump } from './pump.ts'

afterEach(() => {
  vi.useRealTimers()
})

/** Lets everything happen that waits for no clock. */
const settle = async () => {
  for (let turns = 0; turns < 10; turns += 1) await turn()
}

/** A queue of works in memory, and a pump whose works end when the test says so. */
function pumpOn(queue: number[], places: number) {
  const ends = new Map<number, () => void>()
  const begun: number[] = []
  const takes: number[] = []
  const failures: unknown[] = []
  const table = { queue, isAway: false }
  const pump = createPump<number>({
    async take(limit) {
      takes.push(limit)
      if (table.isAway) throw new Error('away')
      return table.queue.splice(0, limit)
    },
    run(work) {
      begun.push(work)
      return new Promise<void>((resolve) => ends.set(work, resolve))
    },
    free: (inFlight) => Math.max(0, places - inFlight),
    pollMs: 250,
    onTakeFailed: (error) => failures.push(error),
  })
  return { pump, begun, takes, failures, table, end: (work: number) => ends.get(work)?.() }
}

describe('a pump', () => {
  it('takes the oldest works, as many as there are places', async () => {
    const { pump, begun } = pumpOn([1, 2, 3, 4, 5], 3)
    pump.kick()
    await settle()
    expect(begun).toEqual([1, 2, 3])
  })

  it('takes the next work as soon as a place is free, without waiting for a clock', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'setTimeout'] })
    const { pump, begun, end } = pumpOn([1, 2, 3, 4], 2)
    pump.kick()
    await settle()
    end(2)
    await settle()
    expect(begun).toEqual([1, 2, 3])
    end(1)
    end(3)
    await settle()
    expect(begun).toEqual([1, 2, 3, 4])
  })

  it('does a new work at once when nothing waits and there is room', async () => {
    const { pump, begun } = pumpOn([], 2)
    pump.kick()
    await settle()
    expect(pump.offer(7)).toBe(true)
    expect(begun).toEqual([7])
  })

  it('does no new work before an older one that waits', async () => {
    const { pump, begun, end } = pumpOn([1, 2, 3], 2)
    pump.kick()
    await settle()
    expect(pump.offer(7)).toBe(false)
    end(1)
    expect(pump.offer(7)).toBe(false)
    await settle()
    expect(begun).toEqual([1, 2, 3])
  })

  it('does no new work while all places are taken', async () => {
    const { pump } = pumpOn([1, 2], 2)
    pump.kick()
    await settle()
    expect(pump.offer(7)).toBe(false)
  })

  it('looks again when it is kicked while it reads the queue', async () => {
    const { pump, begun, table } = pumpOn([], 2)
    pump.kick()
    table.queue.push(1)
    pump.kick()
    await settle()
    expect(begun).toEqual([1])
  })

  it('finds what becomes due by itself with its next look', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'setTimeout'] })
    const { pump, begun, table } = pumpOn([], 2)
    pump.run()
    pump.kick()
    await settle()
    table.queue.push(1)
    await settle()
    expect(begun).toEqual([])
    vi.advanceTimersByTime(250)
    await settle()
    expect(begun).toEqual([1])
  })

  it('reads a queue that is away once in each look, says so once, and lets nothing new pass what may wait there', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'setTimeout'] })
    const { pump, begun, takes, failures, table } = pumpOn([1], 2)
    table.isAway = true
    pump.run()
    pump.kick()
    await settle()
    expect(pump.offer(7)).toBe(false)
    vi.advanceTimersByTime(500)
    await settle()
    expect(takes.length).toBeLessThanOrEqual(3)
    expect(failures).toHaveLength(1)
    table.isAway = false
    vi.advanceTimersByTime(250)
    await settle()
    expect(begun).toEqual([1])
  })

  it('does not read the queue while no place is free', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'setTimeout'] })
    const { pump, takes } = pumpOn([1, 2], 1)
    pump.run()
    pump.kick()
    await settle()
    vi.advanceTimersByTime(5000)
    await settle()
    expect(takes).toEqual([1])
  })

  it('takes nothing more once it is stopped, and has ended when its works have', async () => {
    const { pump, begun, end } = pumpOn([1, 2], 1)
    pump.kick()
    await settle()
    let hasStopped = false
    const stopped = pump.stop().then(() => {
      hasStopped = true
    })
    await settle()
    expect([hasStopped, pump.offer(7)]).toEqual([false, false])
    end(1)
    await stopped
    expect(begun).toEqual([1])
  })
})
