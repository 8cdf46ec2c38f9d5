import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { line, looksLikeCardNumber, prose } from './text.ts'

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

describe.each([
  { rule: 'a line', schema: line(200) },
  { rule: 'prose', schema: prose(200) },
])('$rule from a client', ({ schema }) => {
  it.each(['a\u0000b', 'a\u0008b', 'a\u007fb', 'a\u009bb', 'a\ud800b', 'a\udc00b', '\udc00\ud800'])(
    'is refused with one error: %j',
    (value) => expect(schema.safeParse(value).error?.issues).toHaveLength(1),
  )

  it.each(['TEA-001', 'Łódź, 東京', '👋🏽', 'a\u00a0b'])('is taken as it is: %j', (value) =>
    expect(schema.parse(value)).toBe(value),
  )

  it('holds no card number', () => expect(schema.safeParse('4111 1111 1111 1111').success).toBe(false))
})

it('prose has line breaks and tabs; a line has none', () => {
  for (const value of ['a\nb', 'a\r\nb', 'a\tb']) {
    expect(prose(10).parse(value)).toBe(value)
    expect(line(200).safeParse(value).success).toBe(false)
  }
})

it.each([line(3), prose(3)])('a length is counted in characters, as the document counts it', (schema) => {
  expect(schema.safeParse('🎈🎈🎈').success).toBe(true)
  expect(schema.safeParse('🎈🎈🎈🎈').success).toBe(false)
  expect(schema.safeParse('').success).toBe(false)
})
