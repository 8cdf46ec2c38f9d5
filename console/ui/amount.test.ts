import { describe, expect, test } from 'vitest'
import { parseAmount } from './amount.ts'

describe('an amount as a person writes it', () => {
  test.each([
    ['12.50', 'EUR', 1250],
    ['12,5', 'EUR', 1250],
    ['12', 'EUR', 1200],
    [' 0.01 ', 'EUR', 1],
    ['500', 'JPY', 500],
    ['1.234', 'KWD', 1234],
  ])('reads %j of %s as %i', (text, currency, minor) => {
    expect(parseAmount(text, currency)).toBe(minor)
  })

  test.each([
    ['', 'EUR'],
    ['-1', 'EUR'],
    ['1e3', 'EUR'],
    ['1,000.00', 'EUR'],
    ['1.005', 'EUR'],
    ['1.5', 'JPY'],
  ])('does not guess what %j of %s means', (text, currency) => {
    expect(parseAmount(text, currency)).toBeUndefined()
  })

  test('takes a currency that is not known yet to have cents', () => {
    expect(parseAmount('1.20', 'EU')).toBe(120)
  })
})
