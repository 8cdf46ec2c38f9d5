import { describe, expect, test } from 'vitest'
import { changesOf, requestOf, type Draft, type Maintenance } from './changes.ts'

const now: Maintenance = {
  intake: 'open',
  breakers: { payment: 'auto', shipping: 'open' },
  pausedSteps: ['chargePayment'],
  reason: 'the carrier moves',
}
const linesOf = (draft: Draft) =>
  changesOf(now, draft, (step) => step).map(({ what, before, after }) => `${what}: ${before} → ${after}`)

describe('what a change of the maintenance would do', () => {
  test('each thing that differs is one line', () => {
    const draft: Draft = {
      intake: 'paused',
      breakers: { payment: 'open', shipping: 'auto' },
      pausedSteps: ['createShipment'],
    }
    expect(linesOf(draft)).toEqual([
      'Intake: open → paused',
      'Breaker of payment: automatic → held open',
      'Breaker of shipping: held open → automatic',
      'chargePayment: paused → runs',
      'createShipment: runs → paused',
    ])
    expect(requestOf(now, draft)).toEqual(draft)
  })

  test.each<[string, Draft]>([
    ['nothing', {}],
    [
      'what is so already',
      { intake: 'open', breakers: { shipping: 'open' }, pausedSteps: ['chargePayment'] },
    ],
  ])('choosing %s changes nothing', (_name, draft) => {
    expect(linesOf(draft)).toEqual([])
    expect(requestOf(now, draft)).toEqual({})
  })

  test('only what changes is sent', () => {
    expect(requestOf(now, { breakers: { payment: 'auto', shipping: 'auto' } })).toEqual({
      breakers: { shipping: 'auto' },
    })
    expect(requestOf(now, { pausedSteps: [] })).toEqual({ pausedSteps: [] })
  })
})
