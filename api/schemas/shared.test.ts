import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { looksLikeCardNumber } from './shared.ts'

describe('a card number', () => {
  it.each([
    '4111111111111111',
    '4111 1111 1111 1111',
    '4111-1111-1111-1111',
    'card 378282246310005 please',
    '5555555555554444 12/27',
    '4111.1111.1111.1111',
    '4111  1111  1111  1111',
    '4111_1111_1111_1111',
    '4111\u00a01111\u00a01111\u00a01111',
    '４１１１１１１１１１１１１１１１',
  ])('is seen in %s', (text) => expect(looksLikeCardNumber(text)).toBe(true))

  it.each(['4111111111111112', '123456789012', 'call 0031 20 123 4567', '', '41111111111111111111111111'])(
    'is not seen in %s',
    (text) => expect(looksLikeCardNumber(text)).toBe(false),
  )

  it('is seen in any text around it that has no digits', () => {
    const words = fc.string().filter((text) => !/[\d -]/.test(text))
    fc.assert(
      fc.property(words, words, (before, after) => looksLikeCardNumber(`${before}4012888888881881${after}`)),
    )
  })
})
