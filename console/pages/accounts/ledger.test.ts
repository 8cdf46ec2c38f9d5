import { expect, test } from 'vitest'
import { ledgerOf } from './ledger.ts'

const recordedAt = '2026-11-27T12:00:00.000Z'
const event = (version: number, type: string, data: Record<string, unknown> = {}) => ({
  version,
  type,
  data,
  recordedAt,
})

test('the balance follows each event, and money that was returned is there again', () => {
  const ledger = ledgerOf([
    event(1, 'AccountOpened', { ownerId: 'cus_alice', currency: 'EUR' }),
    event(2, 'MoneyDeposited', { amountMinor: 1000, currency: 'EUR' }),
    event(3, 'MoneyWithdrawn', { amountMinor: 400, currency: 'EUR', transferId: 'a-transfer' }),
    event(4, 'AccountFrozen'),
    event(5, 'MoneyReturned', { amountMinor: 400, currency: 'EUR', transferId: 'a-transfer' }),
  ])
  expect(ledger.map(({ changeMinor, balanceMinor }) => [changeMinor, balanceMinor])).toEqual([
    [0, 0],
    [1000, 1000],
    [-400, 600],
    [0, 600],
    [400, 1000],
  ])
  expect(ledger.map(({ transferId }) => transferId)).toEqual([
    undefined,
    undefined,
    'a-transfer',
    undefined,
    'a-transfer',
  ])
})
