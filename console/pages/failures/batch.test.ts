import { expect, test } from 'vitest'
import { batchInWords, batchTitle, hasEnded, partsOf, whyEnded, type Batch } from './batch.ts'

const batch: Batch = {
  id: '019abc10-0000-7000-8000-000000000001',
  status: 'running',
  filter: { kind: 'order', step: 'chargePayment', errorClass: 'NETWORK' },
  rampPercent: 10,
  actor: 'developer',
  reason: 'The provider is back',
  total: 40,
  pending: 30,
  retried: 4,
  succeeded: 5,
  failed: 1,
  createdAt: '2026-11-27T10:00:00.000Z',
  updatedAt: '2026-11-27T10:00:05.000Z',
}

test('a retry is named by what it retries', () => {
  expect(batchTitle(batch.filter, 'Refund payment')).toBe('Refund payment')
  expect(batchTitle({ errorClass: 'NETWORK' }, undefined)).toBe('NETWORK')
  expect(batchTitle({ kind: 'transfer' }, undefined)).toBe('Everything parked of transfers')
  expect(batchTitle({}, undefined)).toBe('Everything parked')
})

test('the parts of a retry add up to all of it', () => {
  expect(partsOf(batch).reduce((sum, { value }) => sum + value, 0)).toBe(batch.total)
})

test('a running retry says how many waves are left', () => {
  expect(batchInWords(batch)).toMatch(/^8 more waves of up to 4\./)
  expect(batchInWords({ ...batch, pending: 3 })).toMatch(/^1 more wave of up to 4\./)
  expect(batchInWords({ ...batch, pending: 0 })).toBe('The last wave is being tried.')
})

test('a paused retry says that what is being tried goes on', () => {
  expect(batchInWords({ ...batch, status: 'paused' })).toContain('What is being tried goes on.')
  expect(batchInWords({ ...batch, status: 'paused', retried: 0 })).not.toContain('goes on')
})

test('a retry that has ended says what is left', () => {
  expect(batchInWords({ ...batch, status: 'stopped' })).toContain('30 not begun')
  expect(batchInWords({ ...batch, status: 'done', failed: 2 })).toBe('All were tried; 2 are parked again.')
  expect(batchInWords({ ...batch, status: 'done', failed: 0 })).toBe('Every step of it is settled.')
})

test('only a retry that has not ended can be steered', () => {
  for (const status of ['running', 'paused'] as const) {
    expect(hasEnded({ ...batch, status })).toBe(false)
    expect(whyEnded({ ...batch, status })).toBeUndefined()
  }
  for (const status of ['done', 'stopped'] as const) {
    expect(hasEnded({ ...batch, status })).toBe(true)
    expect(whyEnded({ ...batch, status })).toMatch(/^It is/)
  }
})
