import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import process from 'node:process'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createOrderJournal } from '../../domain/order/journal.ts'
import { ROOT } from '../../root.ts'
import { orderBody, type Order } from '../harness/api-client.ts'
import { operatorActions } from '../harness/operator-actions.ts'
import { expectOrdersCompleted } from '../harness/order-trials.ts'
import { until } from '../harness/poll.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'

/** Here a wait is longer than the patience of a test: what goes on was woken. */
let system: System
beforeAll(async () => {
  system = await startSystem({ input: { pace: 200 } })
})
afterEach(() => maintain({ ...OPEN, reason: 'the test is over' }))
afterAll(() => system.close())

const OPEN = { intake: 'open', breakers: { payment: 'auto', shipping: 'auto' }, pausedSteps: [] }

const maintenance = () => system.api.get('/operations/maintenance')

async function maintain(body: object): Promise<unknown> {
  const answer = await system.api.maintain({ reason: 'tested', ...body })
  expect(answer.status).toBe(200)
  return answer.json()
}

const problemOf = async (answer: Response) => {
  const { code, errors } = (await answer.json()) as { code: string; errors?: { pointer: string }[] }
  return [answer.status, code, ...(errors ?? []).map(({ pointer }) => pointer)]
}

const stepOf = (saga: Pick<Order, 'steps'>, name: string) => saga.steps.find((step) => step.name === name)

/** Resolves once a step of an order, or its compensation, is shown so. */
const shown = (id: string, name: string, as: object) =>
  until(`${name} of ${id} to be ${JSON.stringify(as)}`, async () => {
    const step = stepOf(await system.api.order(id), name)
    return Object.entries(as).every(([member, value]) => Object(step)[member] === value) ? step : undefined
  })

/** An order whose charge is done, and which waits at its shipment. */
async function charged(): Promise<Order> {
  await maintain({ pausedSteps: ['createShipment'] })
  const { id } = await system.api.place()
  return system.api.reached(id, 'waiting')
}

describe('maintenance', () => {
  it('is nothing before anything was put, then what is named is otherwise, and the rest as it was', async () => {
    expect(await maintenance()).toEqual({ ...OPEN, reason: null })
    const first = await maintain({ breakers: { shipping: 'open' }, reason: 'the carrier moves' })
    const breakers = { payment: 'auto', shipping: 'open' }
    expect(first).toEqual({ ...OPEN, breakers, reason: 'the carrier moves' })
    const second = { intake: 'paused', pausedSteps: ['chargePayment'], reason: 'so do we' }
    expect(await maintain(second)).toEqual({ ...second, breakers })
    expect(await maintenance()).toEqual({ ...second, breakers })
    expect(await operatorActions(system.db)).toMatchObject([
      { actor: 'developer', action: 'maintain', reason: 'the carrier moves' },
      {
        actor: 'developer',
        action: 'maintain',
        reason: 'so do we',
        before: {
          intake: 'open',
          breakers: { shipping: 'open' },
          pausedSteps: [],
          reason: 'the carrier moves',
        },
        after: { ...second, breakers: { shipping: 'open' } },
      },
    ])
  })

  it.each([
    { body: { intake: 'paused' }, at: '/reason' },
    { body: { intake: 'closed', reason: 'x' }, at: '/intake' },
    { body: { intake: null, reason: 'x' }, at: '/intake' },
    { body: { breakers: { warehouse: 'open' }, reason: 'x' }, at: '/breakers/warehouse' },
    { body: { breakers: { payment: 'closed' }, reason: 'x' }, at: '/breakers/payment' },
    { body: { pausedSteps: 'chargePayment', reason: 'x' }, at: '/pausedSteps' },
    { body: { pausedSteps: ['chargePayment', 7], reason: 'x' }, at: '/pausedSteps/1' },
    { body: { intake: 'paused', mode: 'quick', reason: 'x' }, at: '/mode' },
    { body: { intake: 'paused', reason: '' }, at: '/reason' },
    { body: [], at: '' },
  ])('refuses $body at $at, and changes nothing', async ({ body, at }) => {
    const before = await maintenance()
    expect(await problemOf(await system.api.maintain(body))).toEqual([422, 'INVALID_REQUEST', at])
    expect(await maintenance()).toEqual(before)
  })

  it('refuses the name of no step, or of a compensation', async () => {
    const before = await maintenance()
    for (const name of ['napAtNoon', 'refundPayment']) {
      const body = { pausedSteps: ['chargePayment', name], reason: 'x' }
      expect(await problemOf(await system.api.maintain(body))).toEqual([
        422,
        'UNKNOWN_STEP',
        '/pausedSteps/1',
      ])
    }
    expect(await maintenance()).toEqual(before)
  })
})

describe('a paused intake', () => {
  it('answers 503, but for a request that was accepted before, and leaves the keys of refused ones free', async () => {
    const [taken, free] = [randomUUID(), randomUUID()]
    const first = await system.api.place({ key: taken })
    const post = (key: string, path = '/orders', body: object = orderBody()) =>
      system.api.post(path, body, { 'idempotency-key': key })
    await maintain({ intake: 'paused' })
    const refused = await post(free)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await problemOf(refused)).toEqual([503, 'INTAKE_PAUSED'])
    const transfer = { sourceAccountId: 'a', destinationAccountId: 'b', amountMinor: 1, currency: 'EUR' }
    expect(await problemOf(await post(free, '/transfers', transfer))).toEqual([503, 'INTAKE_PAUSED'])
    const replayed = await post(taken)
    expect([replayed.status, replayed.headers.get('idempotent-replayed')]).toEqual([202, 'true'])
    expect(await replayed.json()).toEqual(first)
    expect(await problemOf(await post(taken, '/orders', orderBody({ service: 'express' })))).toEqual([
      422,
      'IDEMPOTENCY_KEY_REUSED',
    ])
    await maintain({ intake: 'open' })
    expect((await post(free)).status).toBe(202)
  })
})

describe('a paused step', () => {
  it.each(['reserveInventory', 'chargePayment', 'awardPoints', 'completeOrder'])(
    '%s lets orders wait and be cancelled, and go on as soon as it is given back',
    async (name) => {
      await maintain({ pausedSteps: [name] })
      const placed = await Promise.all([system.api.place(), system.api.place()])
      const [one, other] = await Promise.all(placed.map(({ id }) => system.api.reached(id, 'waiting')))
      const waiting = { state: 'waiting', detail: 'PAUSED', attempts: 0, compensation: 'none' }
      expect(stepOf(one as Order, name)).toMatchObject(waiting)
      await system.api.cancel(other?.id ?? '')
      expect(await system.api.ended(other?.id ?? '')).toMatchObject({
        status: 'cancelled',
        reason: { code: 'CANCELLED_BY_CUSTOMER', step: name },
      })
      await maintain({ pausedSteps: [] })
      await expectOrdersCompleted(system, [await system.api.ended(one?.id ?? '')])
    },
  )

  it('is undone all the same', async () => {
    const { id } = await charged()
    await maintain({ pausedSteps: ['createShipment', 'chargePayment', 'reserveInventory'] })
    await system.api.cancel(id)
    expect(await system.api.ended(id)).toMatchObject({ status: 'cancelled' })
    expect((await system.api.ledger(id)).charges.map(({ state }) => state)).toEqual(['refunded'])
  })

  it('of an account lets transfers wait, and go on as soon as it is given back', async () => {
    await system.api.openAccount('acc_from', 1000)
    await system.api.openAccount('acc_to', 0)
    for (const name of ['withdrawMoney', 'depositMoney']) {
      await maintain({ pausedSteps: [name] })
      const { id } = await system.api.transfer('acc_from', 'acc_to', 100)
      const read = () => system.api.get<Pick<Order, 'status' | 'steps'>>(`/transfers/${id}`)
      await until('the transfer to wait', async () =>
        (await read()).status === 'waiting' ? true : undefined,
      )
      expect(stepOf(await read(), name)).toMatchObject({ state: 'waiting', detail: 'PAUSED', attempts: 0 })
      await maintain({ pausedSteps: [] })
      expect(await system.api.transferEnded(id)).toMatchObject({ status: 'completed' })
    }
    expect(await system.api.account('acc_to')).toMatchObject({ balanceMinor: 200 })
  })

  it('that is optional is neither skipped nor in the way of its order, and is done when it is given back', async () => {
    await maintain({ pausedSteps: ['notifyCustomer'] })
    const { id } = await system.api.run()
    await shown(id, 'notifyCustomer', { state: 'waiting', detail: 'PAUSED' })
    expect(await system.api.order(id)).toMatchObject({ status: 'completed' })
    await maintain({ pausedSteps: [] })
    await shown(id, 'notifyCustomer', { state: 'done', detail: null })
    await expectOrdersCompleted(system, [await system.api.order(id)])
  })
})

describe('an optional step that is paused for long', () => {
  const completedWithout = async () => {
    await maintain({ pausedSteps: ['notifyCustomer'] })
    const order = await system.api.run()
    await shown(order.id, 'notifyCustomer', { state: 'waiting' })
    return order
  }

  it('is given up by a skip once it is parked: its workflow ends although it is still paused', async () => {
    const { id, workflow } = await completedWithout()
    await createOrderJournal(system).noteParked(id, 'notifyCustomer', 'PAUSED')
    const body = { step: 'notifyCustomer', reason: 'too late for that' }
    expect((await system.api.post(`/operations/orders/${id}/skip`, body)).status).toBe(202)
    await system.client.workflow.getHandle(workflow.id).result()
    expect(stepOf(await system.api.order(id), 'notifyCustomer')).toMatchObject({ state: 'skipped' })
  })

  it('is left out like any other when it fails after it has waited', async () => {
    const { id } = await completedWithout()
    await createOrderJournal(system).noteSkipped(id, 'notifyCustomer', 'FAULT')
    expect(stepOf(await system.api.order(id), 'notifyCustomer')).toMatchObject({
      state: 'skipped',
      detail: null,
    })
  })
})

describe('a breaker that is held open', () => {
  it('lets orders wait without a call, and go on as soon as it is given back', async () => {
    await maintain({ breakers: { payment: 'open' } })
    const placed = await Promise.all([system.api.place(), system.api.place()])
    const [one, other] = await Promise.all(placed.map(({ id }) => system.api.reached(id, 'waiting')))
    expect(stepOf(one as Order, 'chargePayment')).toMatchObject({ state: 'waiting', detail: 'BREAKER_OPEN' })
    expect(await system.api.dependency('payment')).toMatchObject({ breaker: 'open', waiting: 2 })
    expect(await system.api.dependency('shipping')).toMatchObject({ breaker: 'closed', waiting: 0 })
    // Nothing was asked of the provider: there is nothing to undo there.
    await system.api.cancel(other?.id ?? '')
    expect(await system.api.ended(other?.id ?? '')).toMatchObject({ status: 'cancelled' })
    expect((await system.api.ledger(one?.id)).charges).toEqual([])
    await maintain({ breakers: { payment: 'auto' } })
    expect(await system.api.dependency('payment')).toMatchObject({ breaker: 'closed' })
    await expectOrdersCompleted(system, [await system.api.ended(one?.id ?? '')])
  })

  it('lets compensations wait in sight too, and go on as soon as it is given back', async () => {
    const { id } = await charged()
    await maintain({ breakers: { payment: 'open' } })
    await system.api.cancel(id)
    await shown(id, 'chargePayment', { compensation: 'waiting', detail: 'BREAKER_OPEN' })
    expect((await system.api.ledger(id)).charges.map(({ state }) => state)).toEqual(['charged'])
    await maintain({ breakers: { payment: 'auto' } })
    expect(await system.api.ended(id)).toMatchObject({ status: 'cancelled' })
    expect((await system.api.ledger(id)).charges.map(({ state }) => state)).toEqual(['refunded'])
  })
})

describe('the command line', () => {
  const cli = async (...args: string[]) => {
    const env = { ...process.env, ORDER_SAGA_URL: system.apiUrl }
    const argv = ['cli/order-saga.mjs', 'maintenance', ...args]
    return promisify(execFile)(process.execPath, argv, { cwd: ROOT, env }).then(
      ({ stdout }) => stdout,
      (error: { stderr: string }) => `failed: ${error.stderr}`,
    )
  }

  it('sets and shows it', async () => {
    const set = ['set', '--intake', 'paused', '--breaker', 'payment=open', '--paused-steps', 'chargePayment']
    expect(await cli(...set)).toMatch(/failed: .*--reason/)
    await cli(...set, '--reason', 'the gateway moves')
    expect(await maintenance()).toEqual({
      intake: 'paused',
      breakers: { payment: 'open', shipping: 'auto' },
      pausedSteps: ['chargePayment'],
      reason: 'the gateway moves',
    })
    const shownText = await cli('show')
    for (const line of [
      'intake            paused',
      'breaker payment   open',
      'chargePayment',
      'the gateway moves',
    ])
      expect(shownText).toContain(line)
    expect(await cli('set', '--paused-steps', '--reason', 'moved')).toContain('paused steps      none')
    expect(await cli('set', '--breaker', 'payment', '--reason', 'x')).toContain(
      'failed: payment is not of the form',
    )
  })
})
