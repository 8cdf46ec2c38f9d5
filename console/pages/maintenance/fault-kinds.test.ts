import { describe, expect, test } from 'vitest'
import { choiceOf, faultsOf, wordsOf, type FaultChoice } from './fault-kinds.ts'

const healthy: FaultChoice = { payment: 'up', shipping: 'up', percent: 100, tailPercent: 0, tailMs: 2000 }

describe('the faults of the sandbox', () => {
  test('a tail that no call is in is not asked for', () => {
    expect(faultsOf(healthy)).toEqual({ payment: 'up', shipping: 'up', percent: 100 })
    expect(faultsOf({ ...healthy, tailPercent: 5 })).toMatchObject({ tail: { percent: 5, ms: 2000 } })
  })

  test('what is in effect is what the form shows', () => {
    const faults = { payment: 'drop', shipping: 'up', percent: 30, tail: { percent: 5, ms: 900 } } as const
    expect(faultsOf(choiceOf(faults))).toEqual(faults)
  })

  test('only what goes wrong is said', () => {
    expect(wordsOf(healthy)).toEqual([])
    expect(wordsOf({ ...healthy, payment: 'down', percent: 0 })).toEqual([])
    expect(wordsOf({ ...healthy, payment: 'down', percent: 30, tailPercent: 5 })).toEqual([
      'payment, 30 % of the calls: It answers 503 at once and does nothing.',
      'All providers, 5 % of the calls: answered 2000 ms late.',
    ])
  })
})
