import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createLogger } from '../../logger.ts'
import { orderBody, type Order } from '../harness/api-client.ts'
import { until } from '../harness/poll.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'

const lines: Record<string, unknown>[] = []

let system: System
beforeAll(async () => {
  const log = createLogger(
    'test',
    { LOG_LEVEL: 'info' },
    { write: (line) => void lines.push(JSON.parse(line)) },
  )
  system = await startSystem({ input: { pace: 0.02 }, events: true, log })
})
afterAll(() => system.close())

/** The value of one series, whatever the order of its labels; 0 where it is not there yet. */
async function value(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
  const line = (await system.metrics())
    .split('\n')
    .find(
      (each) =>
        (each.startsWith(`${name}{`) || each.startsWith(`${name} `)) &&
        Object.entries(labels).every(([label, of]) => each.includes(`${label}="${of}"`)),
    )
  return Number(line?.split(' ').at(-1) ?? 0)
}

const reached = (name: string, labels: Readonly<Record<string, string>>, wanted: number) =>
  until(`${name} to be ${wanted}`, async () => ((await value(name, labels)) === wanted ? true : undefined))

it('orders are counted by how they end, with the time that it took', async () => {
  const { api } = system
  await api.run()
  await api.run({ paymentMethod: 'pm_declined' })
  await api.run({ paymentMethod: 'pm_flaky_2' })
  await reached('ordersaga_sagas_begun_total', { kind: 'order' }, 3)
  await reached('ordersaga_sagas_ended_total', { kind: 'order', outcome: 'completed' }, 2)
  await reached(
    'ordersaga_sagas_ended_total',
    { kind: 'order', outcome: 'rejected', code: 'PAYMENT_DECLINED' },
    1,
  )
  expect(await value('ordersaga_compensations_begun_total', { code: 'PAYMENT_DECLINED' })).toBe(1)
  expect(await value('ordersaga_steps_undone_total', { step: 'reserveInventory' })).toBe(1)
  expect(await value('ordersaga_saga_seconds_count', { kind: 'order', outcome: 'completed' })).toBe(2)
  const seconds = await value('ordersaga_saga_seconds_sum', { kind: 'order', outcome: 'completed' })
  expect(seconds).toBeGreaterThanOrEqual(0)
  expect(seconds).toBeLessThan(600)
})

it('attempts are counted by how they end', async () => {
  const charges = (outcome: string) =>
    value('ordersaga_attempts_total', { activity: 'chargePayment', outcome })
  expect([await charges('done'), await charges('refused'), await charges('fault')]).toEqual([2, 1, 2])
  expect(await value('ordersaga_attempt_seconds_count', { activity: 'chargePayment' })).toBe(5)
})

it('what is asked to be taken in is counted by its answer', async () => {
  const { api } = system
  const refusedBefore = await value('ordersaga_intake_requests_total', { code: 'UNKNOWN_SKU' })
  const body = { ...orderBody(), lines: [{ sku: 'NO-SUCH', quantity: 1 }] }
  expect((await api.post('/orders', body, { 'idempotency-key': randomUUID() })).status).toBe(422)
  await reached(
    'ordersaga_intake_requests_total',
    { intake: '/orders', status: '422', code: 'UNKNOWN_SKU' },
    refusedBefore + 1,
  )
  expect(await value('ordersaga_intake_requests_total', { intake: '/orders', status: '202', code: '' })).toBe(
    3,
  )
  expect(await value('ordersaga_intake_seconds_count', { intake: '/orders' })).toBe(4)
})

it('a line says that an order was taken in, each fault of it, and how it ended and where its time went', async () => {
  const { api } = system
  const body = orderBody({ paymentMethod: 'pm_flaky_1', service: 'refused' })
  const headers = { 'idempotency-key': randomUUID(), 'x-request-id': 'the-first' }
  const { id: orderId } = (await (await api.post('/orders', body, headers)).json()) as Order
  await api.post('/orders', body, { ...headers, 'x-request-id': 'again' })
  await api.ended(orderId)
  // Temporal's SDK has lines of its own.
  const about = () => lines.filter((line) => line['orderId'] === orderId && !('component' in line))
  await until('its end to be logged', async () => about().find(({ msg }) => msg === 'order rejected'))
  expect(about().map(({ msg, requestId, activity }) => ({ msg, requestId, activity }))).toEqual([
    { msg: 'accepted', requestId: 'the-first' },
    { msg: 'fault', activity: 'chargePayment' },
    { msg: 'order rejected' },
  ])
  const [accepted, fault, rejected] = about()
  expect(accepted).toMatchObject({ method: 'POST', route: '/orders', status: 202 })
  expect(fault).toMatchObject({ code: 'PROVIDER_ERROR', error: { class: 'Fault' } })
  const wentTo = rejected?.['wentTo'] as Record<string, number>
  expect(rejected).toMatchObject({ outcome: 'rejected', code: 'SHIPMENT_REFUSED' })
  expect(Object.keys(wentTo)).toEqual([
    'start',
    'chargePayment',
    'createShipment',
    'refundPayment',
    'releaseInventory',
    'end',
  ])
  const total = Object.values(wentTo).reduce((sum, ms) => sum + ms, 0)
  expect(rejected?.['tookMs']).toBe(total)
  expect(lines.filter((line) => 'dropped' in line)).toEqual([])
})

it('what waits and what is parked is counted by step', async () => {
  const { api } = system
  const waiting = await api.place({ paymentMethod: 'pm_pending' })
  await reached('ordersaga_waiting_steps', { kind: 'order', step: 'chargePayment' }, 1)
  await api.cancel(waiting.id)
  await api.ended(waiting.id)
  const parked = await api.place({ paymentMethod: 'pm_refund_fails', service: 'refused' })
  await api.reached(parked.id, 'parked')
  await reached('ordersaga_parked_steps', { kind: 'order', step: 'chargePayment' }, 1)
  await reached('ordersaga_waiting_steps', { step: 'chargePayment' }, 0)
  await reached('ordersaga_steps_parked_total', { kind: 'order' }, 1)
  expect(await value('ordersaga_parked_steps', { kind: 'order', step: 'chargePayment' })).toBe(1)
})
