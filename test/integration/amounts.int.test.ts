import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import type { overview } from '../../api/resources/overview.ts'
import type { orderSummaryList, salesReport } from '../../api/resources/reports.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'
import { writeOrder } from '../harness/written-orders.ts'

/** 25 million rupiah, which have two decimals: more than an INTEGER of PostgreSQL holds. */
const PHONE = { sku: 'PHN-001', priceMinor: 2_500_000_000 }

/** As dear as a product may be: 100 lines of 1000 have a total that is just exact. */
const DEAREST_MINOR = 90_071_992_547
const DEAREST = Array.from({ length: 100 }, (_, n) => ({ sku: `DEAR-${n}`, quantity: 1000 }))
const LARGEST_MINOR = 9_007_199_254_700_000

let system: System
beforeAll(async () => {
  system = await startSystem({ events: {} })
  await sell(PHONE.sku, PHONE.priceMinor)
  for (const { sku } of DEAREST) await sell(sku, DEAREST_MINOR)
})
afterAll(() => system.close())

async function sell(sku: string, priceMinor: number): Promise<void> {
  const stock = { create: { received: 100_000, available: 100_000 } }
  await system.db.product.create({ data: { sku, name: sku, currency: 'IDR', priceMinor, stock } })
}

describe('an order of a product that costs more than 2^31 minor units', () => {
  it('is completed, and its amounts are exact wherever they are shown', async () => {
    const { sku, priceMinor } = PHONE
    const lines = [{ sku, quantity: 3 }]
    const { id } = await system.api.run({ customerId: 'cus_dear', currency: 'IDR', lines })
    const placed = {
      currency: 'IDR',
      totalMinor: 7_500_000_000,
      lines: [{ sku, quantity: 3, unitPriceMinor: priceMinor }],
    }
    expect(await system.api.order(id)).toMatchObject({ status: 'completed', ...placed })
    expect((await system.api.product(sku)).priceMinor).toBe(priceMinor)
    const events = new Map((await system.api.events(id)).map(({ type, data }) => [type, data]))
    expect(events.get('OrderPlaced')).toMatchObject(placed)
    expect(events.get('PaymentCharged')).toMatchObject({ amountMinor: placed.totalMinor, currency: 'IDR' })
    expect(events.get('PointsAwarded')).toEqual({ points: 75_000_000 })
    expect((await system.api.ledger(id)).charges).toMatchObject([{ amountMinor: placed.totalMinor }])
    expect((await system.api.loyalty('cus_dear')).balance).toBe(75_000_000)
    const sales = await system.api.get<z.infer<typeof salesReport>>(`/reports/sales?sku=${sku}&minVersion=1`)
    expect(sales.data).toMatchObject([{ quantity: 3, revenueMinor: placed.totalMinor, currency: 'IDR' }])
    const { version } = await system.api.order(id)
    const orders = await system.api.get<z.infer<typeof orderSummaryList>>(
      `/customers/cus_dear/orders?minVersion=${version}&orderId=${id}`,
    )
    expect(orders.data).toMatchObject([{ ...placed, chargedMinor: placed.totalMinor }])
  })
})

describe('the largest order there can be', () => {
  it('is completed, and its total and points are exact', async () => {
    const { id } = await system.api.run({ customerId: 'cus_largest', currency: 'IDR', lines: DEAREST })
    expect(await system.api.order(id)).toMatchObject({ status: 'completed', totalMinor: LARGEST_MINOR })
    expect((await system.api.loyalty('cus_largest')).balance).toBe(LARGEST_MINOR / 100)
    expect((await system.api.ledger(id)).charges).toMatchObject([{ amountMinor: LARGEST_MINOR }])
    const { checks } = await system.api.invariants()
    expect(checks.filter(({ ok }) => !ok)).toEqual([])
  })

  it('is of the dearest products there can be', async () => {
    await expect(sell('TOO-DEAR', DEAREST_MINOR + 1)).rejects.toThrow('products_price_safe')
  })
})

describe('a sum of amounts that is larger than a number can hold exactly', () => {
  it('is rounded: what was sold', async () => {
    const [{ generation }] = await system.db.$queryRaw<[{ generation: number }]>`
      SELECT generation FROM projections WHERE name = 'sales'`
    await system.db.salesDay.create({
      data: {
        generation,
        day: new Date('2026-01-01'),
        sku: 'DEAR-0',
        currency: 'IDR',
        quantity: 200_000,
        revenueMinor: 2n ** 53n + 1n,
      },
    })
    const { data } = await system.api.get<z.infer<typeof salesReport>>('/reports/sales?to=2026-01-01')
    expect(data).toMatchObject([{ revenueMinor: 2 ** 53 }])
  })

  it('is rounded: what is at risk', async () => {
    for (let n = 0; n < 2; n += 1) await writeOrder(system.db, 'parked', { currency: 'IDR', lines: DEAREST })
    const { orders, parked } = await system.api.get<z.infer<typeof overview>>('/operations/overview')
    expect(orders.atRisk).toEqual([{ currency: 'IDR', amountMinor: 2 * LARGEST_MINOR, orders: 2 }])
    expect(parked.amounts).toEqual([{ currency: 'IDR', amountMinor: 2 * LARGEST_MINOR }])
  })
})
