import { expect, test } from 'vitest'
import type { Order } from '../../api.ts'
import { lanesOf, type Timeline } from './lanes.ts'

const AT = '2026-01-01T00:00:00.000Z'

const ORDER = {
  createdAt: AT,
  version: 4,
  steps: [
    {
      name: 'chargePayment',
      kind: 'compensatable',
      state: 'done',
      attempts: 1,
      compensation: 'parked',
      detail: null,
      settledAfterSkip: false,
    },
  ],
} as unknown as Order

const TIMELINE = {
  steps: [
    {
      name: 'chargePayment',
      attempts: 1,
      undoAttempts: 9,
      parkedError: 'PROVIDER_ERROR',
      begunAt: AT,
      movedAt: AT,
    },
  ],
  publications: [],
  readModels: [],
  pending: [{ activity: 'refundPayment', attempt: 12, lastFailure: '503' }],
  actions: [],
} as unknown as Timeline

const EVENTS = [{ version: 3, type: 'CompensationBegun', data: {}, recordedAt: AT }]

const OUTLINES = [{ name: 'chargePayment', provider: 'payment', compensation: 'refundPayment', events: null }]

test('the attempts at an undo are noted on its own lane, under the name that it has everywhere', () => {
  const [, charge, refund] = lanesOf(ORDER, EVENTS, TIMELINE, OUTLINES)
  expect(charge?.name).toBe('Charge payment')
  expect(charge?.note).toBeUndefined()
  expect(refund).toMatchObject({ name: 'Refund payment', note: 'attempt 12' })
  expect(refund?.marks[0]?.title).toBe('Refund payment: parked with PROVIDER_ERROR; last failure 503')
})
