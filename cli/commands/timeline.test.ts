import { expect, it } from 'vitest'
import {
  describeTrouble,
  progressBar,
  progressOf,
  requireCompleted,
  timelineRow,
  type Order,
} from './timeline.ts'

type Step = Order['steps'][number]

const step = (
  name: string,
  state: Step['state'],
  compensation: Step['compensation'] = 'none',
  detail: string | null = null,
) =>
  ({ name, kind: 'compensatable', state, attempts: 1, compensation, detail, settledAfterSkip: false }) as Step

const order = (status: Order['status'], steps: Step[], reason: Order['reason'] = null) =>
  ({
    status,
    steps,
    reason,
    createdAt: '2026-11-27T11:15:00.000Z',
    updatedAt: '2026-11-27T11:15:01.250Z',
  }) as Order

const DECLINED = { code: 'PAYMENT_DECLINED', step: 'charge', detail: null } as const

it('progress counts the steps that are done, and names the one that is next', () => {
  const progress = progressOf(order('processing', [step('reserve', 'done'), step('charge', 'running')]))
  expect(progress).toEqual({ done: 1, total: 2, now: 'charge running' })
  expect(progressBar(progress)).toBe('[######      ] 1/2 charge running')
})

it('backward it counts what is undone, in reverse', () => {
  const turned = order('compensating', [
    step('reserve', 'done', 'pending'),
    step('charge', 'done', 'done'),
    step('ship', 'failed'),
  ])
  expect(progressBar(progressOf(turned))).toBe('[######      ] 1/2 undo of reserve pending')
})

it('a row says when, how long after the order was placed, what, and why it ended so', () => {
  const ended = order('rejected', [step('reserve', 'done', 'done')], DECLINED)
  expect(timelineRow({ version: '5', event: 'OrderRejected', order: ended }, (text) => text)).toBe(
    '11:15:01.250     +1.250s    5  OrderRejected         1/1  rejected PAYMENT_DECLINED at charge',
  )
})

it('says what an order waits for, forward and backward', () => {
  const held = order('waiting', [
    step('reserve', 'done', 'parked', 'TIMEOUT'),
    step('charge', 'waiting', 'none', 'BREAKER_OPEN'),
  ])
  expect(describeTrouble(held)).toBe('waiting: undo of reserve, TIMEOUT; charge, BREAKER_OPEN')
  expect(describeTrouble(order('processing', [step('charge', 'running')]))).toBeUndefined()
})

it('only a completed order is fine', () => {
  expect(() => requireCompleted(order('completed', []))).not.toThrow()
  expect(() => requireCompleted(order('rejected', [], DECLINED))).toThrow('PAYMENT_DECLINED at charge')
})
