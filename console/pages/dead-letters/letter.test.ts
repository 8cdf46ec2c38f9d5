import { expect, test } from 'vitest'
import {
  causeInWords,
  groupLetters,
  idsOf,
  latest,
  pageOfStream,
  whyNotDiscarded,
  whyNotReprocessed,
  type Letter,
} from './letter.ts'

const letter = (changes: Partial<Letter> = {}): Letter => ({
  id: '019abc10-0000-7000-8000-000000000001',
  consumer: 'sales',
  generation: 1,
  streamId: 'order-019abc10-0000-7000-8000-000000000002',
  version: 4,
  type: 'PaymentCharged',
  state: 'parked',
  attempts: 9,
  cause: 'VALIDATION',
  message: 'amountMinor must be an integer',
  traceId: null,
  traceUrl: null,
  createdAt: '2026-11-27T10:00:00.000Z',
  firstFailedAt: '2026-11-27T10:00:00.000Z',
  lastFailedAt: '2026-11-27T11:00:00.000Z',
  nextAttemptAt: null,
  behind: 0,
  ...changes,
})

test('letters are grouped by consumer and cause, the largest group first', () => {
  const groups = groupLetters([
    letter({ consumer: 'mail', behind: 2 }),
    letter({ behind: 1 }),
    letter({ behind: 3 }),
    letter({ cause: 'EVENT_GAP' }),
  ])
  expect(
    groups.map(({ consumer, cause, letters, behind }) => [consumer, cause, letters.length, behind]),
  ).toEqual([
    ['sales', 'VALIDATION', 2, 4],
    ['mail', 'VALIDATION', 1, 2],
    ['sales', 'EVENT_GAP', 1, 0],
  ])
})

test('a letter that is retried or parked can be reprocessed and discarded', () => {
  for (const state of ['retrying', 'parked'] as const) {
    expect(whyNotReprocessed(letter({ state }))).toBeUndefined()
    expect(whyNotDiscarded(letter({ state }))).toBeUndefined()
  }
})

test('a letter behind another, or discarded, says why nothing can be done with it', () => {
  expect(whyNotReprocessed(letter({ state: 'behind' }))).toContain('earlier one')
  expect(whyNotDiscarded(letter({ state: 'discarded' }))).toContain('already')
})

test('what is no event can only be discarded', () => {
  const foreign = letter({ cause: 'NOT_AN_EVENT' })
  expect(whyNotReprocessed(foreign)).toContain('only be discarded')
  expect(whyNotDiscarded(foreign)).toBeUndefined()
})

test('a known cause is explained, and a class of error is not', () => {
  expect(causeInWords('EVENT_GAP')).toContain('missing')
  expect(causeInWords('VALIDATION')).toBeUndefined()
  expect(causeInWords(null)).toBeUndefined()
})

test('letters are named a hundred at a time, each of them once', () => {
  const letters = Array.from({ length: 250 }, (_, index) => letter({ id: `${index}` }))
  expect(idsOf(letters).map(({ length }) => length)).toEqual([100, 100, 50])
  expect(new Set(idsOf(letters).flat()).size).toBe(250)
  expect(idsOf([])).toEqual([])
})

test('the last of several times is found, also where some are missing', () => {
  expect(latest([null, '2026-11-27T10:00:00.000Z', '2026-11-27T11:00:00.000Z', null])).toBe(
    '2026-11-27T11:00:00.000Z',
  )
  expect(latest([null])).toBeNull()
})

test('the stream of an order, a return, a transfer or an account has a page', () => {
  expect(pageOfStream('order-1')).toEqual({ to: '/orders/$id', id: '1' })
  expect(pageOfStream('return-2')).toEqual({ to: '/returns/$id', id: '2' })
  expect(pageOfStream('transfer-2')).toEqual({ to: '/transfers/$id', id: '2' })
  expect(pageOfStream('account-3')).toEqual({ to: '/accounts/$id', id: '3' })
  expect(pageOfStream('foreign')).toBeUndefined()
})
