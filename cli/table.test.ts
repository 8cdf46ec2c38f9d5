import { expect, it } from 'vitest'
import { fit, layOut, plain, wrap } from './table.ts'

const ID = '01a21fbe-6d8a-74f6-8f15-a0ee9a492a0b'

it('a table has its columns two spaces apart, numbers to the right, and no space at the end of a line', () => {
  expect(
    layOut(
      ['name', 'count', 'note'],
      [
        ['a', 7, null],
        ['longer', 12, 'x'],
      ],
    ),
  ).toBe(['name    count  note', 'a           7', 'longer     12  x'].join('\n'))
})

it('a table that is too wide breaks its longest texts between words, and keeps ids whole', () => {
  const lines = layOut(['id', 'reason'], [[ID, 'the gateway is back and all is well']], {
    available: 60,
  }).split('\n')
  expect(lines).toEqual([
    `id${' '.repeat(36)}reason`,
    `${ID}  the gateway is back`,
    `${' '.repeat(38)}and all is well`,
  ])
})

it.each([20, 40, 80, 200])(
  'no line is wider than %i characters where the columns can give way',
  (available) => {
    const text = layOut(['id', 'reason'], [[ID, 'so many words '.repeat(9)]], { available })
    expect(Math.max(...text.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(available)
    expect(text.replaceAll(/\s/g, '')).toContain('somanywords'.repeat(available > 40 ? 1 : 0))
  },
)

it('columns give way down to their longest words, then beyond, and never below eight', () => {
  expect(fit([36, 30], [36, 10], 50)).toEqual([36, 14])
  expect(fit([36, 30], [36, 10], 30)).toEqual([20, 10])
  expect(fit([36, 30, 4], [36, 10, 4], 5)).toEqual([8, 8, 4])
  expect(fit([3, 4], [3, 4], 100)).toEqual([3, 4])
})

it('text is broken at its last space, or where it must be', () => {
  expect(wrap('one two three', 7)).toEqual(['one two', 'three'])
  expect(wrap('abcdefgh', 3)).toEqual(['abc', 'def', 'gh'])
  expect(wrap('', 3)).toEqual([''])
  expect(wrap('日本語', 4)).toEqual(['日本', '語'])
})

it('a cell is coloured by its whole text, outside of its width', () => {
  const paint = (shown: string, text: string) => (text === 'parked' ? `<${shown}>` : shown)
  expect(layOut(['a', 'b'], [['parked', 'x']], { paint })).toBe('a       b\n<parked>  x')
})

it('control characters of an answer do not reach the terminal', () => {
  expect(plain('a\u001b[31mred\r\nb')).toBe('a [31mred  b')
})
