import { describe, expect, it } from 'vitest'
import { asStored, isEscaped } from './foreign-key.ts'

describe('a key of another sender', () => {
  it.each(['order:1:chargePayment', 'a/../b', '...', 'é – 🙂', 'k'.repeat(300)])('%j is kept', (key) => {
    expect(asStored(key)).toBe(key)
    expect(isEscaped(key)).toBe(false)
  })

  const odd = [
    '',
    '.',
    '..',
    'a\u0000',
    'a\u0096',
    '\ud800',
    '\ud801',
    'k'.repeat(301),
    'k'.repeat(302),
    'escaped:',
  ]

  it.each(odd)('%j is escaped, short and printable', (key) => {
    const stored = asStored(key)
    expect(isEscaped(stored)).toBe(true)
    expect(stored).toMatch(/^[^\p{Cc}\p{Cs}]{40,1300}$/u)
  })

  it('is not taken for another, nor for one that was escaped already', () => {
    const stored = [...odd, ...odd.map(asStored)].map(asStored)
    expect(new Set(stored).size).toBe(stored.length)
  })
})
