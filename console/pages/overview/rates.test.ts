import { expect, it } from 'vitest'
import { placeOnLog } from './log-scale.ts'
import { ratesOf } from './rates.ts'

const bucket = (at: string, placed: number, rejected = 0, cancelled = 0) => ({
  at,
  placed,
  completed: 0,
  rejected,
  cancelled,
})

it('gives orders per second, without the bucket that is still being filled', () => {
  const buckets = [
    bucket('2026-11-27T14:00:00.000Z', 20, 3, 2),
    bucket('2026-11-27T14:00:10.000Z', 5),
    bucket('2026-11-27T14:00:20.000Z', 1),
  ]
  const { at, rates } = ratesOf({ bucketSeconds: 10, buckets })
  expect(at).toEqual([1795788000, 1795788010])
  expect(rates).toEqual([
    [2, 0.5],
    [0, 0],
    [0.5, 0],
  ])
})

it('places durations between 0 and 1, the shorter ones apart', () => {
  expect(placeOnLog(0, 1000)).toBe(0)
  expect(placeOnLog(1000, 1000)).toBe(1)
  expect(placeOnLog(30, 1000)).toBeCloseTo(0.497, 2)
  expect(placeOnLog(5, 0)).toBe(0)
})
