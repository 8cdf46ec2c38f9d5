import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chargePayment } from '../../domain/payment/charge-payment.ts'
import type { Order } from '../harness/api-client.ts'
import { expectOrderCompleted } from '../harness/order-trials.ts'
import { until } from '../harness/poll.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'

let system: System
beforeAll(async () => {
  system = await startSystem({ input: { pace: 0.02 } })
})
afterAll(() => system.close())

const charging = ({ steps }: Order) => steps.find(({ name }) => name === 'chargePayment')
const chargesOf = async (id: string) => (await system.api.ledger(id)).charges.map(({ state }) => state)
const shown = (what: string, id: string, isSo: (order: Order) => boolean) =>
  until(what, async () => {
    const order = await system.api.order(id)
    return isSo(order) ? order : undefined
  })

describe.concurrent('a charge that the gateway has taken and not decided', () => {
  it('is waited for in sight, asked for by key, and completes the order once it is decided', async () => {
    const { id } = await system.api.place({ paymentMethod: 'pm_pending_15000' })
    await shown('it to wait', id, (order) => charging(order)?.detail === 'PENDING')
    expect(await chargesOf(id)).toEqual(['pending'])
    const order = await system.api.ended(id)
    expect(charging(order)).toMatchObject({ state: 'done', detail: null })
    await expectOrderCompleted(system, order)
  })

  it('for ever is voided when its order turns back', async () => {
    const { id } = await system.api.place({ paymentMethod: 'pm_pending' })
    const order = await shown('it to wait', id, ({ status }) => status === 'waiting')
    expect(charging(order)).toMatchObject({ state: 'waiting', attempts: 1 })
    await system.api.cancel(id)
    expect(await system.api.ended(id)).toMatchObject({ status: 'cancelled' })
    expect(await chargesOf(id)).toEqual(['voided'])
  })
})

describe.concurrent('a compensation whose provider limits us', () => {
  const turnedBack = async (customerId: string) => {
    system.interferences.planAtProvider(customerId, 'refundPayment', { kind: 'is limited', times: 100_000 })
    const { id } = await system.api.place({ customerId, service: 'refused' })
    await shown('it to wait', id, (order) => charging(order)?.compensation === 'waiting')
    return id
  }

  it('waits in sight, is parked after a while with its class, and holds no other up; then it ends by itself', async () => {
    const id = await turnedBack('cus_limited')
    expect(charging(await system.api.order(id))?.detail).toBe('RATE_LIMITED')
    await system.api.reached(id, 'parked')
    await shown('the stock to be released', id, ({ steps }) => steps[0]?.compensation === 'done')
    const parked = (await system.api.parked()).find(({ orderId }) => orderId === id)
    expect(parked).toMatchObject({ step: 'chargePayment', errorClass: 'RATE_LIMITED' })
    system.interferences.planAtProvider('cus_limited', 'refundPayment', { kind: 'is limited', times: 0 })
    expect(await system.api.ended(id)).toMatchObject({ status: 'rejected' })
    expect(await chargesOf(id)).toEqual(['refunded'])
    expect(await system.api.eventTypes(id)).toEqual(
      expect.arrayContaining(['CompensationDelayed', 'StepParked', 'PaymentRefunded']),
    )
  })

  it('is parked anew when an operator wakes it for nothing', async () => {
    const id = await turnedBack('cus_woken')
    await system.api.reached(id, 'parked')
    const noted = async () =>
      (await system.db.stepFence.findFirst({ where: { sagaId: id, step: 'chargePayment' } }))?.parkedNotedAt
    const first = await noted()
    await system.api.post(`/operations/orders/${id}/retry`, { reason: 'try' })
    const again = await until('it to be parked anew', async () => {
      const last = await noted()
      return last?.getTime() === first?.getTime() ? undefined : last
    })
    expect(again?.getTime()).toBeGreaterThan(first?.getTime() ?? 0)
  })

  it('is not skipped while an attempt is at it, and says so when it has succeeded after a skip', async () => {
    const id = await turnedBack('cus_skipped')
    await system.api.reached(id, 'parked')
    const skip = () =>
      system.api.post(`/operations/orders/${id}/skip`, { step: 'chargePayment', reason: 'by hand' })
    await system.db.$executeRaw`
      UPDATE step_fences SET undo_entries = undo_entries || clock_timestamp() + interval '1 hour'
       WHERE saga_id = ${id}::uuid AND step = 'chargePayment'`
    const refused = await skip()
    expect([refused.status, await refused.json()]).toMatchObject([409, { code: 'COMPENSATION_IN_PROGRESS' }])
    await system.db.$executeRaw`
      UPDATE step_fences SET undo_entries = '{}' WHERE saga_id = ${id}::uuid AND step = 'chargePayment'`
    await until('the skip to be accepted', async () => ((await skip()).status === 202 ? true : undefined))
    const ended = await system.api.ended(id)
    expect(charging(ended)).toMatchObject({ compensation: 'skipped', settledAfterSkip: false })
    const key = `order:${id}:chargePayment`
    const isRefunded = await fetch(`${system.world.url}/refunds`, {
      method: 'POST',
      headers: { 'idempotency-key': 'by-hand', 'content-type': 'application/json' },
      body: JSON.stringify({ chargeKey: key }),
    })
    expect(isRefunded.status).toBe(201)
    const refund = { effect: { id: 'ch_1', amountMinor: 1590, currency: 'EUR' }, event: 'PaymentRefunded' }
    await chargePayment.fenceOn(system.db).settleUndo(id, key, { ...refund, data: { key } })
    const settled = await system.api.order(id)
    expect(charging(settled)).toMatchObject({ compensation: 'done', settledAfterSkip: true })
    expect(await system.api.get(`/orders/${id}?asOfVersion=${settled.version}`)).toEqual(settled)
  })
})

describe('afterwards', () => {
  it('every invariant holds', async () => {
    expect(await system.api.invariants()).toMatchObject({ ok: true })
  })
})
