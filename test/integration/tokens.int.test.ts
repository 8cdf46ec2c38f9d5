import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ATTEMPTS } from '../../workflows/saga/policies.ts'
import { expectOrderCompleted, ORDER_TRIALS } from '../harness/order-trials.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'
import { expectTurnedBack } from '../harness/trials.ts'

/** The magic tokens of the sandbox are a contract with every client: what each of them makes of an order. */
let system: System
beforeAll(async () => {
  system = await startSystem({ input: { pace: 0.05 } })
})
afterAll(() => system.close())

const payment = (paymentMethod: string) => ({ token: paymentMethod, wishes: { paymentMethod } })
const carrier = (service: string) => ({ token: service, wishes: { service } })

describe.concurrent('an order with the token', () => {
  it.each([
    payment('pm_ok'),
    payment('pm_flaky_2'),
    payment(`pm_flaky_${ATTEMPTS.giveUp - 1}`),
    payment('pm_lost_reply_1'),
    payment('pm_slow_1200'),
    payment('pm_hang'),
    payment('pm_rate_limited_1'),
    carrier('standard'),
    carrier('express'),
    carrier('flaky_2'),
    carrier(`flaky_${ATTEMPTS.giveUp - 1}`),
    carrier('lost_reply_1'),
    carrier('slow_1200'),
    carrier('hang'),
  ])('$token is completed, with one effect of each step', async ({ wishes }) => {
    await expectOrderCompleted(system, await system.api.run(wishes))
  })

  const atPayment = (token: string, code: string) => ({ ...payment(token), step: 'chargePayment', code })
  const atCarrier = (token: string, code: string) => ({ ...carrier(token), step: 'createShipment', code })
  it.each([
    atPayment('pm_declined', 'PAYMENT_DECLINED'),
    atPayment('pm_insufficient_funds', 'INSUFFICIENT_FUNDS'),
    atPayment('pm_unheard_of', 'PAYMENT_METHOD_UNKNOWN'),
    atCarrier('refused', 'SHIPMENT_REFUSED'),
    atCarrier('unheard_of', 'SHIPMENT_REFUSED'),
    { ...atPayment(`pm_flaky_${ATTEMPTS.giveUp}`, 'STEP_FAILED'), isBegun: true },
    { ...atCarrier(`flaky_${ATTEMPTS.giveUp}`, 'STEP_FAILED'), isBegun: true },
  ])('$token is rejected with $code, and undone whole', async (row) => {
    await expectTurnedBack(system, ORDER_TRIALS, await system.api.run(row.wishes), row)
  })

  it.each([
    { what: 'pm_refund_fails_2', wishes: { paymentMethod: 'pm_refund_fails_2', service: 'refused' } },
    { what: 'pm_refund_fails_3', wishes: { paymentMethod: 'pm_refund_fails_3', service: 'refused' } },
  ])('$what is undone whole', async ({ wishes }) => {
    const turning = { step: 'createShipment', code: 'SHIPMENT_REFUSED' }
    await expectTurnedBack(system, ORDER_TRIALS, await system.api.run(wishes), turning)
  })

  it('cancel_fails_2 is undone whole', async () => {
    const customerId = 'cus_cancel_fails'
    system.interferences.plan(customerId, 'completeOrder', {
      kind: 'preceded',
      by: (id) => system.api.cancel(id),
    })
    const order = await system.api.run({ customerId, service: 'cancel_fails_2' })
    const turning = { step: 'completeOrder', code: 'CANCELLED_BY_CUSTOMER' }
    await expectTurnedBack(system, ORDER_TRIALS, order, turning)
  })
})

describe('afterwards', () => {
  it('every invariant holds', async () => {
    expect(await system.api.invariants()).toMatchObject({ ok: true })
  })
})
