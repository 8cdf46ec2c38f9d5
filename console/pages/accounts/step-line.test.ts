import { describe, expect, test } from 'vitest'
import { roundUp, stepLine } from './step-line.ts'

describe('the line of a balance', () => {
  test('keeps each value until the next one', () => {
    expect(stepLine([0, 50, 100])).toEqual({
      line: 'M0 100V100H33.333V50H66.667V0H100',
      area: 'M0 100V100H33.333V50H66.667V0H100V100Z',
      top: 100,
    })
  })

  test('lies at the bottom when there never was anything', () => {
    expect(stepLine([0, 0])).toMatchObject({ line: 'M0 100V100H50V100H100', top: 1 })
    expect(stepLine([])).toMatchObject({ line: 'M0 100', top: 1 })
  })

  test.each([
    [0, 1],
    [1, 1],
    [999, 1000],
    [1000, 1000],
    [1001, 2000],
    [2300, 2500],
    [250_000, 250_000],
    [250_001, 500_000],
  ])('of at most %i has its top at %i', (value, top) => {
    expect(roundUp(value)).toBe(top)
  })
})
