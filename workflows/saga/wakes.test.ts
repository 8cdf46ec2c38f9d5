import { describe, expect, it } from 'vitest'
import { createWakes } from './wakes.ts'

describe('a wake', () => {
  it('ends the wait of every activity that was tried before it, and no later one', () => {
    const wakes = createWakes()
    wakes.attempt('refundPayment')
    wakes.attempt('cancelShipment')
    expect([wakes.isWoken('refundPayment'), wakes.isWoken('cancelShipment')]).toEqual([false, false])
    wakes.wake()
    wakes.wake()
    expect([wakes.isWoken('refundPayment'), wakes.isWoken('cancelShipment')]).toEqual([true, true])
    wakes.attempt('refundPayment')
    expect([wakes.isWoken('refundPayment'), wakes.isWoken('cancelShipment')]).toEqual([false, true])
  })

  it('that arrives during an attempt is kept for its activity, however often another is tried meanwhile', () => {
    const wakes = createWakes()
    wakes.attempt('refundPayment')
    wakes.attempt('cancelShipment')
    wakes.wake()
    // The refund is still in the attempt that began before the wake; the other undo fails twice more.
    for (const _ of [1, 2]) {
      wakes.attempt('cancelShipment')
      expect(wakes.isWoken('cancelShipment')).toBe(false)
    }
    expect(wakes.isWoken('refundPayment')).toBe(true)
  })
})
