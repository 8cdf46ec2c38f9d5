import { expect, test } from 'vitest'
import {
  counted,
  currencyOf,
  isAskedFor,
  isOneGroup,
  trendInWords,
  wavesOf,
  type FailureGroup,
} from './group.ts'

const group: FailureGroup = {
  state: 'parked',
  kind: 'order',
  step: 'chargePayment',
  code: 'NETWORK',
  provider: 'payment',
  count: 3,
  firstSeenAt: '2026-11-27T10:00:00.000Z',
  lastSeenAt: '2026-11-27T11:00:00.000Z',
  amounts: [{ currency: 'EUR', amountMinor: 2385 }],
  trend: [0, 1, 2],
}

test('a URL without conditions asks for every group', () => {
  expect(isAskedFor(group, {})).toBe(true)
})

test('each condition of the URL has to be met', () => {
  expect(isAskedFor(group, { state: 'parked', step: 'chargePayment' })).toBe(true)
  expect(isAskedFor(group, { state: 'rejected', step: 'chargePayment' })).toBe(false)
  expect(isAskedFor(group, { kind: 'transfer' })).toBe(false)
  expect(isAskedFor(group, { code: 'TIMEOUT' })).toBe(false)
})

test('one group is open when state, saga, step and code are named', () => {
  const { state, kind, step, code } = group
  expect(isOneGroup({ state, kind, step, code })).toBe(true)
  expect(isOneGroup({ state, kind, step })).toBe(false)
})

test('a trend in words has its sum and its last part', () => {
  expect(trendInWords([0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3], 24)).toBe('8 in 24 h, 3 of them in the last 2 h')
  expect(trendInWords([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], 1)).toBe('1 in 1 h, 1 of them in the last 5 min')
})

test('a group in several currencies has no currency for one of its steps', () => {
  expect(currencyOf(group)).toBe('EUR')
  expect(currencyOf({ amounts: [...group.amounts, { currency: 'USD', amountMinor: 1 }] })).toBeUndefined()
})

test('a wave is rounded up, so that one step is one wave', () => {
  expect(wavesOf(1, 10)).toEqual({ size: 1, waves: 1 })
  expect(wavesOf(143, 10)).toEqual({ size: 15, waves: 10 })
  expect(wavesOf(143, 100)).toEqual({ size: 143, waves: 1 })
  expect(wavesOf(0, 10)).toEqual({ size: 0, waves: 0 })
})

test('a wave has 500 steps at most, and a retry 10,000', () => {
  expect(wavesOf(8000, 50)).toEqual({ size: 500, waves: 16 })
  expect(wavesOf(25_000, 1)).toEqual({ size: 100, waves: 100 })
})

test('one is counted in the singular', () => {
  expect(counted(1, 'step')).toBe('1 step')
  expect(counted(1200, 'step')).toBe('1,200 steps')
})
