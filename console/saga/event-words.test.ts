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
  [
    {
      orderId: 'o1',
      lines: [
        { sku: 'TEA-001', quantity: 2, unitPriceMinor: 795 },
        { sku: 'CUP-001', quantity: 1, unitPriceMinor: 1200 },
      ],
      amountMinor: 2790,
      currency: 'EUR',
      deadlineAt: '2026-12-27T14:55:04.705Z',
    },
    /^2 × TEA-001, 1 × CUP-001, \D*27\.90$/,
  ],
  [{ by: 'rule' }, /^by: rule$/],
  [{ reason: null, undo: [], attempts: 3 }, /^attempts: 3$/],
  [{}, /^$/],
])('%j is said in words', (data, words) => {
  expect(wordsOf({ data })).toMatch(words)
})
