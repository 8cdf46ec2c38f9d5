import { describe, expect, it } from 'vitest'
import { readReconciliationSearch } from './search.ts'
import { runInWords, sideInWords } from './words.ts'

const part = (trouble: string | null, state: 'waiting' | 'ended' | 'failed' = 'waiting') => ({
  step: 'chargePayment',
  provider: 'payment' as const,
  state,
  trouble,
  theirs: 0,
  ours: 0,
  found: 0,
  calls: 0,
})

describe('a side', () => {
  it.each([
    [null, 'nothing'],
    [{ amountMinor: 1590, currency: 'EUR', state: 'charged' }, '€15.90, charged'],
    [{ amountMinor: null, currency: null, state: 'created' }, 'created'],
    [{ amountMinor: 5, currency: 'e 1', state: 'charged' }, '5 e 1, charged'],
  ])('%j is “%s”', (side, words) => {
    expect(sideInWords(side)).toBe(words)
  })
})

describe('the newest run', () => {
  it('is worth a word unless it has ended', () => {
    expect(runInWords({ state: 'ended', parts: [part(null, 'ended')] })).toBeUndefined()
    expect(runInWords({ state: 'waiting', parts: [part(null)] })).toContain('waits')
    expect(runInWords({ state: 'running', parts: [part(null), part(null, 'ended')] })).toContain('1 of 2')
    expect(runInWords({ state: 'running', parts: [part('RATE_LIMITED')] })).toContain('RATE_LIMITED')
    expect(runInWords({ state: 'failed', parts: [part('PROVIDER_ERROR', 'failed')] })).toContain(
      'PROVIDER_ERROR',
    )
  })
})

it.each([
  [{ state: 'settled' }, { state: 'settled' }],
  [{ state: 'seen' }, {}],
  [{}, {}],
])('of %j, %j is asked for', (search, asked) => {
  expect(readReconciliationSearch(search)).toEqual(asked)
})
