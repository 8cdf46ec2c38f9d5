import { expect, it } from 'vitest'
import { partsOf } from './offenders.ts'

const A = '0190d4f0-0000-7000-8000-000000000001'
const B = '0190d4f0-0000-7000-8000-000000000002'

it('leads from each id in a detail to its page', () => {
  expect(partsOf('fences', `2 violations: ${A} chargePayment, ${B} awardPoints`)).toEqual([
    { text: '2 violations: ' },
    { text: A, id: A, page: '/orders/$id' },
    { text: ' chargePayment, ' },
    { text: B, id: B, page: '/orders/$id' },
    { text: ' awardPoints' },
  ])
})

it('believes the kind in the name of a stream over the check', () => {
  const pages = partsOf('versions', `3 violations: account-${A}, transfer-${B}, return-${A}`).flatMap(
    ({ page }) => page ?? [],
  )
  expect(pages).toEqual(['/accounts/$id', '/transfers/$id', '/returns/$id'])
})

it('takes a bare id of the check of transfers for a transfer', () => {
  expect(partsOf('transfers', A)).toEqual([{ text: A, id: A, page: '/transfers/$id' }])
})

it('leaves a detail without ids as it is', () => {
  expect(partsOf('stock', '1 violations: sku TEA-001')).toEqual([{ text: '1 violations: sku TEA-001' }])
})
