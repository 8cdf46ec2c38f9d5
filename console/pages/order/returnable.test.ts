import { describe, expect, test } from 'vitest'
import { chosenOf, returnableOf } from './returnable.ts'

const TEA = { sku: 'TEA-001', quantity: 4, unitPriceMinor: 795 }
const CUP = { sku: 'CUP-001', quantity: 1, unitPriceMinor: 1200 }
const GUIDE = { sku: 'GUIDE', quantity: 1, unitPriceMinor: 500 }
const SAMPLE = { sku: 'SAMPLE', quantity: 1, unitPriceMinor: 0 }
const NONE = new Set<string>()

const asked = (status: 'requested' | 'refunded' | 'refused' | 'expired', quantity: number) => ({
  status,
  lines: [{ ...TEA, quantity }],
})

describe('what can be sent back of an order', () => {
  test('is all that was shipped and paid for', () => {
    expect(returnableOf([TEA, CUP, GUIDE, SAMPLE], [], new Set(['GUIDE']))).toEqual([TEA, CUP])
  })

  test('is less what was asked for before', () => {
    const returns = [asked('requested', 1), asked('refunded', 1)]
    expect(returnableOf([TEA, CUP], returns, NONE)).toEqual([{ ...TEA, quantity: 2 }, CUP])
    expect(returnableOf([TEA], [asked('requested', 4)], NONE)).toEqual([])
  })

  test('is not less for a return that was refused or has expired', () => {
    expect(returnableOf([TEA], [asked('refused', 4), asked('expired', 4)], NONE)).toEqual([TEA])
  })
})

describe('what is chosen of it', () => {
  test('is all of it at first', () => {
    const { lines, amountMinor } = chosenOf([TEA, CUP], {})
    expect(lines).toEqual([
      { sku: 'TEA-001', quantity: 4 },
      { sku: 'CUP-001', quantity: 1 },
    ])
    expect(amountMinor).toBe(4380)
  })

  test('has no line of which none is chosen', () => {
    expect(chosenOf([TEA, CUP], { 'TEA-001': 1, 'CUP-001': 0 })).toEqual({
      lines: [{ sku: 'TEA-001', quantity: 1 }],
      amountMinor: 795,
    })
  })
})
