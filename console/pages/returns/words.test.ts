import { describe, expect, test } from 'vitest'
import type { Return, Step } from '../../api.ts'
import { decisionInWords, statusInWords } from './words.ts'

const AT = '2026-11-28T10:00:00.000Z'
const APPROVED = { outcome: 'approved', by: 'operator', at: AT } as const

const step = (name: string, state: Step['state']): Step => ({
  name,
  kind: 'retriable',
  state,
  attempts: 1,
  compensation: 'none',
  detail: null,
  settledAfterSkip: false,
})

const wordsOf = (parts: Partial<Return>) =>
  statusInWords({ status: 'requested', decision: null, parcelReceivedAt: null, steps: [], ...parts })

describe('where a return is, in words', () => {
  test.each<[Partial<Return>, RegExp]>([
    [{}, /^It waits for a decision and for the parcel\./],
    [{ parcelReceivedAt: AT }, /^The parcel has arrived\. The return waits for a decision\.$/],
    [{ status: 'approved', decision: APPROVED }, /^It is approved, and waits for the parcel\./],
    [{ status: 'approved', decision: APPROVED, parcelReceivedAt: AT }, /go back into stock now/],
    [{ status: 'received', decision: APPROVED }, /money is given back next/],
    [{ status: 'refunded', decision: APPROVED }, /the money is given back\.$/],
    [{ status: 'refused' }, /^It was refused\./],
    [{ status: 'expired' }, /no decision came in time/],
    [{ status: 'expired', decision: APPROVED }, /no parcel came in time/],
  ])('%j', (parts, words) => {
    expect(wordsOf(parts)).toMatch(words)
  })

  test('a parked step is named', () => {
    const steps = [step('refundReturn', 'parked')]
    expect(wordsOf({ status: 'received', steps })).toContain('“refund return” is parked')
  })

  test('a refund that was given up is not promised', () => {
    const steps = [step('refundReturn', 'skipped')]
    expect(wordsOf({ status: 'received', steps })).toContain('the money is not given back')
  })
})

test('a decision says whether a person made it', () => {
  expect(decisionInWords(APPROVED)).toBe('approved by an operator')
  expect(decisionInWords({ ...APPROVED, by: 'rule' })).toBe('approved by rule, for its small amount')
})
