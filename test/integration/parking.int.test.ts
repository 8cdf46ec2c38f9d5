import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Order } from '../harness/api-client.ts'
import { failingUntilCancelWished, failingUntilRetried } from '../harness/holds.ts'
import { operatorActions } from '../harness/operator-actions.ts'
import { until } from '../harness/poll.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'

/** What is parked comes back by itself only after 15 seconds here: earlier, because somebody says so. */
let system: System
beforeAll(async () => {
  system = await startSystem({ input: { pace: 0.25 } })
})
afterAll(() => system.close())

const BROKEN = { paymentMethod: 'pm_refund_fails', service: 'refused' }

const park = async (wishes: object = {}): Promise<Order> => {
  const { id } = await system.api.place({ ...BROKEN, ...wishes })
  return system.api.reached(id, 'parked')
}
const operate = (id: string, action: 'retry' | 'skip', body: object) =>
  system.api.post(`/operations/orders/${id}/${action}`, body)
const step = ({ steps }: Order, name: string) => steps.find((found) => found.name === name)

describe.concurrent('an order whose refund fails without end', () => {
  it('is parked in sight, with what keeps it and what is at risk, while its other compensations went on', async () => {
    const order = await park()
    expect(step(order, 'chargePayment')).toMatchObject({ state: 'done', compensation: 'parked' })
    const mine = async (query = '') =>
      (await system.api.parked(query)).filter(({ orderId }) => orderId === order.id)
    const [parked] = await mine()
    await until('the stock to be released', async () =>
      step(await system.api.order(order.id), 'reserveInventory')?.compensation === 'done' ? true : undefined,
    )
    expect(parked).toMatchObject({
      step: 'chargePayment',
      // On a busy machine the last attempt may run out of time before it hears of the refusal.
      errorClass: expect.stringMatching(/^(PROVIDER_ERROR|PROVIDER_TIMEOUT|TIMEOUT)$/) as string,
      amountMinor: 1590,
    })
    expect(parked?.attempts).toBeGreaterThanOrEqual(8)
    expect(Date.parse(parked?.since ?? '')).toBeGreaterThan(Date.parse(order.createdAt))
    expect(await mine('?step=chargePayment')).toHaveLength(1)
    expect(await mine('?step=createShipment')).toEqual([])
    expect(await mine(`?errorClass=${parked?.errorClass}`)).toHaveLength(1)
    expect(await mine('?errorClass=PROVIDER_UNHEARD_OF')).toEqual([])
    expect(await system.api.invariants()).toMatchObject({ ok: true })
  })

  it('is undone by a retry once the gateway works again: the same order, the same workflow, one refund', async () => {
    system.interferences.plan('cus_retried', 'refundPayment', failingUntilRetried(system.db))
    const order = await park({ customerId: 'cus_retried', paymentMethod: 'pm_ok' })
    const before = await system.client.workflow.getHandle(order.workflow.id).describe()
    const answer = await operate(order.id, 'retry', { reason: 'the gateway is back' })
    expect(answer.status).toBe(202)
    expect(await system.api.ended(order.id)).toMatchObject({
      id: order.id,
      status: 'rejected',
      reason: { code: 'SHIPMENT_REFUSED' },
    })
    expect((await system.client.workflow.getHandle(order.workflow.id).describe()).runId).toBe(before.runId)
    expect((await system.api.ledger(order.id)).refunds).toHaveLength(1)
    expect((await system.api.parked()).map(({ orderId }) => orderId)).not.toContain(order.id)
  })

  it('is parked again when the retry fails too', async () => {
    const order = await park()
    const noted = async () =>
      (
        await system.db.stepFence.findFirst({ where: { sagaId: order.id, step: 'chargePayment' } })
      )?.parkedNotedAt?.getTime() ?? 0
    const first = await noted()
    await operate(order.id, 'retry', { step: 'chargePayment', reason: 'try' })
    await until('it to be parked again', async () => ((await noted()) > first ? true : undefined))
    expect(await system.api.order(order.id)).toMatchObject({ status: 'parked' })
    expect((await system.api.eventTypes(order.id)).filter((type) => type === 'StepParked')).toHaveLength(1)
  })

  it('is given up by a skip: the order ends, and the money stays visible as written off', async () => {
    const order = await park()
    const answer = await operate(order.id, 'skip', {
      step: 'chargePayment',
      reason: 'refunded by hand, ticket 4711',
    })
    expect(answer.status).toBe(202)
    const after = await system.api.ended(order.id)
    expect(after).toMatchObject({ status: 'rejected' })
    expect(step(after, 'chargePayment')).toMatchObject({ state: 'done', compensation: 'skipped' })
    const told = await system.api.eventTypes(order.id)
    expect([told.includes('CompensationSkipped'), told.at(-1)]).toEqual([true, 'OrderRejected'])
    expect((await system.api.ledger(order.id)).charges.map(({ state }) => state)).toEqual(['charged'])
    expect(await system.api.invariants()).toMatchObject({ ok: true })
    const [action] = await operatorActions(system.db, { sagaId: order.id })
    expect(action).toMatchObject({
      actor: 'developer',
      action: 'skip',
      step: 'chargePayment',
      reason: 'refunded by hand, ticket 4711',
      after: {},
    })
    expect(action?.before).toMatchObject({ chargePayment: { state: 'undoing', error: 'PROVIDER_ERROR' } })
    expect(JSON.stringify(await system.api.events(order.id))).not.toContain('by hand')
  })
})

describe.concurrent('a parked pivot', () => {
  it('can be cancelled, and wakes for it', async () => {
    system.interferences.plan('cus_pivot', 'completeOrder', failingUntilCancelWished(system.db))
    const { id } = await system.api.place({ customerId: 'cus_pivot' })
    const order = await system.api.reached(id, 'parked')
    expect(step(order, 'completeOrder')).toMatchObject({ state: 'parked', compensation: 'none' })
    expect((await operate(id, 'skip', { step: 'completeOrder', reason: 'x' })).status).toBe(422)
    expect((await system.api.cancel(id)).status).toBe(202)
    expect(await system.api.ended(id)).toMatchObject({ status: 'cancelled' })
    expect(await system.api.invariants()).toMatchObject({ ok: true })
  })

  it('goes on by a retry', async () => {
    system.interferences.plan('cus_pivot2', 'completeOrder', { kind: 'faults', times: 9 })
    const { id } = await system.api.place({ customerId: 'cus_pivot2' })
    await system.api.reached(id, 'parked')
    await operate(id, 'retry', { reason: 'the database is back' })
    expect(await system.api.ended(id)).toMatchObject({ status: 'completed' })
  })
})

describe.concurrent.each([
  ['cannot record that it turns back', 'beginCompensation', { state: 'parked', compensation: 'none' }],
  ['cannot be closed', 'close', { state: 'failed', compensation: 'parked' }],
] as const)('an order that %s', (_, entry, shown) => {
  it('is parked in sight at its reason, cannot be skipped, and ends after a retry', async () => {
    const customerId = `cus_held_${entry}`
    system.interferences.plan(customerId, entry, failingUntilRetried(system.db))
    const { id } = await system.api.place({ customerId, paymentMethod: 'pm_declined' })
    const order = await system.api.reached(id, 'parked')
    expect(step(order, 'chargePayment')).toMatchObject(shown)
    expect((await system.api.parked()).find(({ orderId }) => orderId === id)).toMatchObject({
      step: 'chargePayment',
    })
    expect(await system.api.invariants()).toMatchObject({ ok: true })
    expect((await operate(id, 'skip', { step: 'chargePayment', reason: 'x' })).status).toBe(422)
    expect((await operate(id, 'retry', { reason: 'the database is back' })).status).toBe(202)
    const ended = await system.api.ended(id)
    expect(ended).toMatchObject({ status: 'rejected', reason: { code: 'PAYMENT_DECLINED' } })
    expect(step(ended, 'chargePayment')).toMatchObject({ state: 'failed', compensation: 'none' })
    expect((await system.api.parked()).map(({ orderId }) => orderId)).not.toContain(id)
    expect(await system.api.invariants()).toMatchObject({ ok: true })
  })
})

describe.concurrent('an order that cannot record that it turns back', () => {
  it('and is cancelled meanwhile ends cancelled', async () => {
    const customerId = 'cus_held_cancelled'
    system.interferences.plan(customerId, 'beginCompensation', failingUntilCancelWished(system.db))
    const { id } = await system.api.place({ customerId, paymentMethod: 'pm_declined' })
    await system.api.reached(id, 'parked')
    expect((await system.api.cancel(id)).status).toBe(202)
    expect(await system.api.ended(id)).toMatchObject({ status: 'cancelled' })
    expect(await system.api.invariants()).toMatchObject({ ok: true })
  })
})

describe('an operator who is wrong', () => {
  it('gets an answer that says so', async () => {
    const { id } = await system.api.run()
    const code = async (answer: Response) => [answer.status, ((await answer.json()) as { code: string }).code]
    const nobody = '01a00000-0000-7000-8000-000000000000'
    expect(await code(await operate(id, 'retry', { reason: 'x' }))).toEqual([409, 'ORDER_NOT_PARKED'])
    expect(await code(await operate(id, 'skip', { step: 'chargePayment', reason: 'x' }))).toEqual([
      409,
      'ORDER_NOT_PARKED',
    ])
    expect(await code(await operate(nobody, 'retry', { reason: 'x' }))).toEqual([404, 'ORDER_NOT_FOUND'])
    expect(await code(await operate('x', 'skip', { step: 'chargePayment', reason: 'x' }))).toEqual([
      404,
      'ORDER_NOT_FOUND',
    ])
    expect(await code(await operate(id, 'retry', { step: 'nap', reason: 'x' }))).toEqual([
      422,
      'UNKNOWN_STEP',
    ])
    expect(await code(await operate(id, 'skip', { step: 'refundPayment', reason: 'x' }))).toEqual([
      422,
      'UNKNOWN_STEP',
    ])
    expect(await code(await operate(id, 'retry', {}))).toEqual([422, 'INVALID_REQUEST'])
    expect(await code(await operate(id, 'skip', { step: 'chargePayment', reason: '' }))).toEqual([
      422,
      'INVALID_REQUEST',
    ])
    expect(await code(await operate(id, 'skip', { reason: 'x' }))).toEqual([422, 'INVALID_REQUEST'])
    expect((await fetch(`${system.apiUrl}/operations/retries/${nobody}`)).status).toBe(404)
    expect((await fetch(`${system.apiUrl}/operations/parked?limit=0`)).status).toBe(400)
    expect((await fetch(`${system.apiUrl}/operations/parked?cursor=eHg`)).status).toBe(400)
  })
})
