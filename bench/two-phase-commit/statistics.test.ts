import { describe, expect, it } from 'vitest'
import { measurementOf, ratio, type Measurement } from './statistics.ts'

const measured = (orders: number): Measurement =>
  measurementOf(
    { orders, elapsedMs: 2000, latenciesMs: [1, 2, 3], participantFlushes: 8 * orders, logFlushes: orders },
    { lockedRows: 0.5, samples: 100, walFlushes: 4 * orders },
  )

describe('the figures', () => {
  it('of a lock are the mean number of locked rows by the orders in a unit of time', () => {
    // 0.5 rows are locked on average, and 100 orders lock one in 2 s: each for 10 ms.
    expect(measured(100)).toMatchObject({ lockMs: 10, ordersPerSecond: 50, forcedWrites: 8, walFlushes: 4 })
  })

  it('compare contestants pair by pair, not by their medians', () => {
    const [fast, slow] = [
      [measured(100), measured(10), measured(30)],
      [measured(50), measured(20), measured(30)],
    ]
    expect(ratio(fast, slow, 'ordersPerSecond')).toEqual({ median: 1, least: 0.5, most: 2 })
  })
})
