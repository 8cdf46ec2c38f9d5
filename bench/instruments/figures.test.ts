import { expect, it } from 'vitest'
import { percentiles, short, spreadOf, withSpread } from './figures.ts'

it('a spread has the middle of what was measured, the least and the most', () => {
  expect(spreadOf([9, 1, 2])).toEqual({ median: 2, least: 1, most: 9 })
  expect(spreadOf([4, 1, 2, 9])).toEqual({ median: 3, least: 1, most: 9 })
  expect(() => spreadOf([])).toThrow('measurement')
})

it('a percentile is a value that was measured', () => {
  const values = Array.from({ length: 1000 }, (_, n) => 1000 - n)
  expect(percentiles(values)).toEqual({ p50: 501, p95: 951, p99: 991, p999: 1000, max: 1000 })
  expect(percentiles([7]).p999).toBe(7)
})

it('is as short as it can be', () => {
  expect([0.5, 1.234, 12, 12.34, 1234.5].map(short)).toEqual(['0.5', '1.23', '12', '12.3', '1235'])
  expect(withSpread({ median: 1, least: 0.25, most: 10 })).toBe('1 (0.25–10)')
})
