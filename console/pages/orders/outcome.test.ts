import { describe, expect, it } from 'vitest'
import { outcomeOf } from './outcome.ts'
import { PAYMENT_TOKENS, SHIPPING_SERVICES, written, type Token } from './tokens.ts'

const endingOf = (tokens: readonly Token[], name: string, n = 1) => {
  const token = tokens.find(({ token: each }) => each === name)
  if (token === undefined) throw new Error(`There is no token ${name}`)
  return token.ending(n)
}

const foretell = (payment: string, shipping: string, n = 1) =>
  outcomeOf({
    isOutOfStock: false,
    payment: endingOf(PAYMENT_TOKENS, payment, n),
    shipping: endingOf(SHIPPING_SERVICES, shipping, n),
  })

describe('what a new order is said to come to', () => {
  it('completes when both providers do as they should', () => {
    expect(foretell('pm_ok', 'standard').status).toBe('completed')
  })

  it('is rejected by a declined card before the carrier is asked', () => {
    expect(foretell('pm_declined', 'refused').text).toContain('PAYMENT_DECLINED')
  })

  it('is refunded when the carrier refuses', () => {
    const { status, text } = foretell('pm_ok', 'refused')
    expect(status).toBe('rejected')
    expect(text).toContain('refunded')
  })

  it('is parked when the carrier refuses and the refund always fails', () => {
    expect(foretell('pm_refund_fails', 'refused').status).toBe('parked')
  })

  it('completes with a refund that would fail, when nothing has to be refunded', () => {
    expect(foretell('pm_refund_fails', 'standard').status).toBe('completed')
  })

  it('completes with the sixth attempt and is rejected when six have failed', () => {
    expect(foretell('pm_flaky_<n>', 'standard', 5).status).toBe('completed')
    expect(foretell('pm_flaky_<n>', 'standard', 6).text).toContain('STEP_FAILED')
  })

  it('fails at the stock before anything else', () => {
    const ending = { kind: 'completes' } as const
    const { text } = outcomeOf({ isOutOfStock: true, payment: ending, shipping: ending })
    expect(text).toContain('OUT_OF_STOCK')
  })
})

it('writes the number into a token', () => {
  const token = PAYMENT_TOKENS.find(({ number }) => number !== undefined)
  expect(token && written(token, 4)).toBe('pm_flaky_4')
})
