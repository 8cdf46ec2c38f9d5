import { describe, expect, test } from 'vitest'
import type { Step } from '../api.ts'
import { parkedTitle, whyNot } from './why-not.ts'

const step = (parts: Partial<Step>): Step => ({
  name: 'withdrawMoney',
  kind: 'compensatable',
  state: 'done',
  attempts: 1,
  compensation: 'none',
  detail: null,
  settledAfterSkip: false,
  ...parts,
})

describe('what an operator can do to a saga', () => {
  test('a saga that is under way can be cancelled, and nothing else', () => {
    const saga = { status: 'processing', steps: [step({})] } as const
    expect(whyNot('cancel', saga)).toBeUndefined()
    expect(whyNot('retry', saga)).toBe('No step of it is parked.')
    expect(whyNot('skip', saga)).toBe('No step of it is parked.')
  })

  test('a saga that has ended, or has turned back, cannot be cancelled', () => {
    expect(whyNot('cancel', { status: 'completed', steps: [] })).toBe('It is completed.')
    expect(whyNot('cancel', { status: 'compensating', steps: [] })).toBe('It is already turning back.')
  })

  test('a parked step on the way forward can be tried again and not given up', () => {
    const saga = { status: 'parked', steps: [step({ state: 'parked' })] } as const
    expect(whyNot('retry', saga)).toBeUndefined()
    expect(whyNot('skip', saga)).toMatch(/^Only a compensation/)
  })

  test.each([{ compensation: 'parked' }, { kind: 'retriable', state: 'parked' }] as const)(
    'a parked %o can be given up',
    (parts) => {
      expect(whyNot('skip', { status: 'parked', steps: [step(parts)] })).toBeUndefined()
    },
  )
})

describe('what is parked', () => {
  const compensationOf = (name: string) => (name === 'withdrawMoney' ? 'returnMoney' : null)

  test.each([
    [step({ state: 'parked' }), 'withdraw money'],
    [step({ compensation: 'parked' }), 'return money'],
    [step({ name: 'sendFax', compensation: 'parked' }), 'undo of send fax'],
  ])('of %o is named %s', (parts, title) => {
    expect(parkedTitle(parts, compensationOf)).toBe(title)
  })
})
