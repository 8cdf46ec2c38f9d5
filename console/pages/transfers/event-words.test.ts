import { expect, test } from 'vitest'
import { wordsOf } from './event-words.ts'

test.each([
  [
    {
      amountMinor: 4200,
      currency: 'EUR',
      sourceAccountId: 'acc_alice',
      destinationAccountId: 'acc_carol',
      deadlineAt: '2026-11-27T14:55:04.705Z',
    },
    /^\D*42\.00, from acc_alice to acc_carol$/,
  ],
  [
    { code: 'ACCOUNT_FROZEN', step: 'depositMoney', undo: ['withdrawMoney'] },
    /^code: ACCOUNT_FROZEN, step: depositMoney, undo: withdrawMoney$/,
  ],
  [{ reason: null, attempts: 3 }, /^attempts: 3$/],
  [{}, /^$/],
])('%j is said in words', (data, words) => {
  expect(wordsOf({ data })).toMatch(words)
})
