import { expect, it } from 'vitest'
import { EMPTY_DRAFT, isOutOfStock, OTHER, requestOf, totalOf, type Product } from './draft.ts'

const product = (
  sku: string,
  priceMinor: number,
  available: number,
  kind: Product['kind'] = 'physical',
): Product => ({
  sku,
  name: sku,
  currency: 'EUR',
  priceMinor,
  active: true,
  kind,
  available,
  reserved: 0,
  sold: 0,
})
const CATALOGUE = [
  product('TEA-001', 795, 10),
  product('CUP-001', 1200, 0),
  product('EBK-001', 1200, 10, 'digital'),
]

it('adds up what is shown', () => {
  const lines = [
    { sku: 'TEA-001', quantity: 2 },
    { sku: 'CUP-001', quantity: 1 },
  ]
  expect(totalOf(lines, CATALOGUE)).toBe(2790)
})

it('shows no total for a product that it does not know', () => {
  expect(totalOf([{ sku: 'NO-001', quantity: 1 }], CATALOGUE)).toBeUndefined()
})

it('sees that more is wished than there is', () => {
  expect(isOutOfStock([{ sku: 'TEA-001', quantity: 10 }], CATALOGUE)).toBe(false)
  expect(isOutOfStock([{ sku: 'TEA-001', quantity: 11 }], CATALOGUE)).toBe(true)
})

it('sends the total that was seen, and a number within its token', () => {
  const request = requestOf(
    { ...EMPTY_DRAFT, payment: { name: 'pm_flaky_<n>', n: 3, other: '' } },
    'EUR',
    CATALOGUE,
  )
  expect(request).toMatchObject({ paymentMethod: 'pm_flaky_3', expectedTotalMinor: 1590 })
  expect(request).not.toHaveProperty('deadlineSeconds')
})

it('sends a token that was written by hand as it is', () => {
  const draft = { ...EMPTY_DRAFT, payment: { name: OTHER, n: 1, other: ' pm_mine ' }, deadlineSeconds: '60' }
  expect(requestOf(draft, 'EUR', [])).toMatchObject({ paymentMethod: 'pm_mine', deadlineSeconds: 60 })
})

it.each([
  [['EBK-001'], false],
  [['EBK-001', 'TEA-001'], true],
  [['NO-001'], true],
])('sends an address with %j: %s', (skus, isShipped) => {
  const draft = { ...EMPTY_DRAFT, lines: skus.map((sku) => ({ sku, quantity: 1 })) }
  expect('shipping' in requestOf(draft, 'EUR', CATALOGUE)).toBe(isShipped)
})

it('says that it is a gift where it is one', () => {
  expect(requestOf(EMPTY_DRAFT, 'EUR', CATALOGUE)).not.toHaveProperty('giftWrap')
  expect(requestOf({ ...EMPTY_DRAFT, giftWrap: true }, 'EUR', CATALOGUE)).toMatchObject({ giftWrap: true })
})
