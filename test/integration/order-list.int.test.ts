import { randomUUID } from 'node:crypto'
import { v7 as uuid } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createIntake } from '../../domain/order/intake.ts'
import { createOrderJournal } from '../../domain/order/journal.ts'
import { ORDER_SAGA } from '../../workflows/order/contract.ts'
import { orderBody, type Order, type OrderWishes } from '../harness/api-client.ts'
import { placeOrderRow } from '../harness/order-rows.ts'
import { startSystem } from '../harness/start.ts'
import { attemptStep } from '../harness/steps.ts'
import type { System } from '../harness/system.ts'
import { writeOrder } from '../harness/written-orders.ts'

/** The list of orders and its filters, on rows that no worker moves. */
let system: System
let all: Order[]
beforeAll(async () => {
  system = await startSystem({ workers: false })
  await writeOrders(system)
  const { data } = await system.api.get<{ data: Order[] }>('/orders?limit=100')
  all = data
})
afterAll(() => system.close())

/** Orders in every state that a filter knows, twice, and one more for each that turned back. */
async function writeOrders({ db, api }: System): Promise<void> {
  const journal = createOrderJournal({ db })
  for (const quantity of [1, 3]) {
    const wishes = { customerId: `cus_${quantity}`, lines: [{ sku: 'TEA-001', quantity }] }
    for (const end of ['placed', 'completed', 'rejected', 'cancelled', 'parked'] as const)
      await writeOrder(db, end, wishes)
    await journal.noteWaiting(await placeOrderRow(db, wishes), 'chargePayment', 'BREAKER_OPEN')
    const atPivot = await writeOrder(db, 'reserved', wishes)
    await journal.noteParked(atPivot, 'completeOrder', 'PROVIDER_ERROR')
    const soldOut = await placeOrderRow(db, wishes)
    await journal.beginCompensation(soldOut, { code: 'OUT_OF_STOCK', step: 'reserveInventory' })
    await journal.close(soldOut)
    const late = await placeOrderRow(db, wishes)
    await attemptStep(db, 'reserveInventory', late)
    await journal.beginCompensation(late, { code: 'DEADLINE_EXCEEDED', step: 'chargePayment' })
    await journal.noteWaiting(late, 'reserveInventory', 'DATABASE_UNAVAILABLE')
    await writeSkewed(system, wishes)
  }
  // A saga of another kind, in the same tables.
  await api.openAccount('acc_other', 100)
  const { id } = await api.transfer('acc_other', 'acc_none', 50)
  await journal.beginCompensation(id, { code: 'STEP_FAILED', step: 'completeOrder' })
}

/** Orders that hosts took in whose clocks are wrong, by days and by hours. */
async function writeSkewed({ db }: System, wishes: OrderWishes): Promise<void> {
  for (const msecs of [Date.now() - 3 * 86_400_000, Date.now() + 7_200_000]) {
    const intake = createIntake({ db, compose: ORDER_SAGA.compose, newId: () => uuid({ msecs }) })
    await intake.place('test', randomUUID(), orderBody(wishes))
  }
}

type Fits = (order: Order) => boolean

const isAt =
  (name: string): Fits =>
  ({ steps }) =>
    steps.some(
      (step) =>
        step.name === name &&
        (['waiting', 'parked', 'failed'].includes(step.state) ||
          ['waiting', 'parked'].includes(step.compensation)),
    )

/**
 * What the orders say of themselves is what each filter is held to. `moment` is when one in their middle was created.
 */
const filters = (moment: string): [query: string, fits: Fits][] => [
  ['status=completed', ({ status }) => status === 'completed'],
  ['status=parked', ({ status }) => status === 'parked'],
  ['status=rejected', ({ status }) => status === 'rejected'],
  ['customerId=cus_1', ({ customerId }) => customerId === 'cus_1'],
  ['reasonCode=STEP_FAILED', ({ reason }) => reason?.code === 'STEP_FAILED'],
  ['reasonCode=OUT_OF_STOCK', ({ reason }) => reason?.code === 'OUT_OF_STOCK'],
  ['step=reserveInventory', isAt('reserveInventory')],
  ['step=chargePayment', isAt('chargePayment')],
  ['step=completeOrder', isAt('completeOrder')],
  [`createdFrom=${moment}`, ({ createdAt }) => createdAt >= moment],
  [`createdTo=${moment}`, ({ createdAt }) => createdAt <= moment],
  ['minTotalMinor=2385', ({ totalMinor }) => totalMinor >= 2385],
  ['maxTotalMinor=2384', ({ totalMinor }) => totalMinor <= 2384],
  ['minTotalMinor=795&maxTotalMinor=795', ({ totalMinor }) => totalMinor === 795],
]

/** A least total above the most is refused: those filters have one name. */
const nameOf = (query: string) => (query.includes('Total') ? 'total' : query.split('=')[0])

const middle = () => all[Math.floor(all.length / 2)]?.createdAt ?? ''
const idsOf = (orders: readonly { id: string }[]) => orders.map(({ id }) => id)

/** All pages, two orders a page. */
async function listed(query: string): Promise<string[]> {
  const ids: string[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const path = `/orders?${query}&limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`
    const page: { data: Order[]; nextCursor: string | null } = await system.api.get(path)
    expect(page.data.length).toBeLessThanOrEqual(2)
    ids.push(...idsOf(page.data))
    cursor = page.nextCursor
  }
  return ids
}

describe('the list of orders', () => {
  it('has all of them, newest first, and no other sagas', async () => {
    expect(all).toHaveLength(await system.db.order.count())
    expect(idsOf(all)).toEqual(idsOf(all).toSorted().toReversed())
  })

  it('has with each filter just those that fit, page by page', async () => {
    for (const [query, fits] of filters(middle())) {
      const fitting = idsOf(all.filter(fits))
      expect([query, fitting.length > 1 && fitting.length < all.length]).toEqual([query, true])
      expect([query, await listed(query)]).toEqual([query, fitting])
    }
  })

  it('has with two filters just those that fit both', async () => {
    for (const [index, [one, fitsOne]] of filters(middle()).entries())
      for (const [other, fitsOther] of filters(middle()).slice(index + 1)) {
        if (nameOf(one) === nameOf(other)) continue
        const fitting = all.filter((order) => fitsOne(order) && fitsOther(order))
        expect([one, other, await listed(`${one}&${other}`)]).toEqual([one, other, idsOf(fitting)])
      }
  })

  it('has with all filters at once the one that fits', async () => {
    const parked = all.find(({ status, customerId }) => status === 'parked' && customerId === 'cus_1')
    const createdAt = parked?.createdAt ?? ''
    const query = `createdFrom=${createdAt}&createdTo=${createdAt}&minTotalMinor=795&maxTotalMinor=795`
    const found = await listed(`status=parked&customerId=cus_1&step=completeOrder&${query}`)
    expect(found).toEqual([parked?.id])
  })

  it('takes a time with an offset', async () => {
    const moment = new Date(Date.parse(middle()) + 7_200_000).toISOString().replace('Z', '%2B02:00')
    expect(await listed(`createdFrom=${moment}`)).toEqual(await listed(`createdFrom=${middle()}`))
  })

  it('is empty before the first order and beyond the largest', async () => {
    expect(await listed('createdTo=0001-01-01T00:00:00Z')).toEqual([])
    expect(await listed('createdFrom=9999-12-31T23:59:59-23:59')).toEqual([])
    expect(await listed('minTotalMinor=9007199254740991')).toEqual([])
    expect(await listed('maxTotalMinor=0')).toEqual([])
  })

  it('answers HEAD as it would GET, without a body', async () => {
    const response = await fetch(`${system.apiUrl}/orders?step=chargePayment&minTotalMinor=1`, {
      method: 'HEAD',
    })
    expect([response.status, await response.text()]).toEqual([200, ''])
  })
})
