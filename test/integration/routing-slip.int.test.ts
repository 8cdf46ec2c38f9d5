import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { orderBody, type Order, type OrderWishes } from '../harness/api-client.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'

let system: System
beforeAll(async () => {
  system = await startSystem({ input: { pace: 0.05 } })
})
afterAll(() => system.close())

const BOOK = { sku: 'EBK-001', quantity: 2 }
const TEA = { sku: 'TEA-001', quantity: 1 }

const SLIPS: { what: string; wishes: OrderWishes; definition: string; steps: string[] }[] = [
  {
    what: 'goods',
    wishes: { lines: [TEA] },
    definition: 'order@1',
    steps: ['reserveInventory', 'chargePayment', 'createShipment', 'awardPoints'],
  },
  {
    what: 'goods and digital products, as a gift',
    wishes: { lines: [BOOK, TEA], giftWrap: true },
    definition: 'order@1+gift',
    steps: ['reserveInventory', 'wrapGift', 'chargePayment', 'createShipment', 'awardPoints'],
  },
  {
    what: 'digital products, shipped nowhere',
    wishes: { lines: [BOOK], isShipped: false },
    definition: 'order@1+digital',
    steps: ['reserveInventory', 'chargePayment', 'awardPoints'],
  },
  {
    what: 'digital products as a gift, with an address for nothing',
    wishes: { lines: [BOOK], giftWrap: true },
    definition: 'order@1+gift+digital',
    steps: ['reserveInventory', 'wrapGift', 'chargePayment', 'awardPoints'],
  },
]

const place = (wishes: OrderWishes, changes: object = {}) =>
  system.api.post('/orders', { ...orderBody(wishes), ...changes }, { 'idempotency-key': randomUUID() })

describe.concurrent.each(SLIPS)('an order of $what', ({ wishes, definition, steps }) => {
  const whole = [...steps, 'completeOrder', 'notifyCustomer']
  const named = (order: Order) => order.steps.map(({ name }) => name)

  it('is run by its own steps, and shown with them from its first answer on', async () => {
    const placed = await system.api.place(wishes)
    expect([placed.definition, placed.giftWrap, named(placed)]).toEqual([
      definition,
      wishes.giftWrap === true,
      whole,
    ])
    const ended = await system.api.ended(placed.id)
    expect([ended.status, ended.definition, named(ended)]).toEqual(['completed', definition, whole])
    const { charges, shipments } = await system.api.ledger(placed.id)
    expect([charges.length, shipments.length]).toEqual([1, steps.includes('createShipment') ? 1 : 0])
  })

  it('keeps an address only where it is shipped to one, and says in its event what it is', async () => {
    const { id } = await system.api.place(wishes)
    const isShipped = steps.includes('createShipment')
    expect(await system.db.orderAddress.count({ where: { orderId: id } })).toBe(isShipped ? 1 : 0)
    const [placed] = await system.api.events(id)
    expect(placed?.data).toMatchObject({ shippingService: isShipped ? 'standard' : 'none' })
    expect((placed?.data as { giftWrap?: boolean } | undefined)?.giftWrap).toBe(wishes.giftWrap)
  })

  it('is placed once, however often its request is repeated', async () => {
    const key = randomUUID()
    const first = await system.api.place({ ...wishes, key })
    const again = await system.api.place({ ...wishes, key })
    expect([again.id, again.definition, again.giftWrap]).toEqual([first.id, definition, first.giftWrap])
  })
})

describe('an order that is shipped', () => {
  it.each([[[TEA]], [[BOOK, TEA]]])('needs an address: %j', async (lines) => {
    const answer = await place({ lines, isShipped: false })
    expect([answer.status, await answer.json()]).toEqual([
      422,
      expect.objectContaining({
        code: 'INVALID_ORDER',
        errors: [expect.objectContaining({ pointer: '/shipping' }) as unknown],
      }),
    ])
  })
})

describe('a request', () => {
  it.each([
    ['giftWrap', 'yes'],
    ['giftWrap', null],
    ['shipping', null],
  ])('with the %s %j is refused', async (member, value) => {
    const answer = await place({ lines: [BOOK] }, { [member]: value })
    expect([answer.status, await answer.json()]).toEqual([
      422,
      expect.objectContaining({
        code: 'INVALID_ORDER',
        errors: [expect.objectContaining({ pointer: `/${member}` }) as unknown],
      }),
    ])
  })
})

describe('the catalogue', () => {
  it('says what is digital', async () => {
    const kinds = await Promise.all([BOOK, TEA].map(async ({ sku }) => (await system.api.product(sku)).kind))
    expect(kinds).toEqual(['digital', 'physical'])
  })
})

describe('afterwards', () => {
  it('every invariant holds', async () => {
    expect(await system.api.invariants()).toMatchObject({ ok: true })
  })
})
