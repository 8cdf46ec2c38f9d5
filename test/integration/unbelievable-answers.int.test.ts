import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GARBLED } from '../harness/misbehaviour.ts'
import { expectOrderCompleted } from '../harness/order-trials.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'

let system: System
beforeAll(async () => {
  system = await startSystem({ input: { pace: 0.05 } })
})
afterAll(() => system.close())

describe.concurrent('a gateway that charges', () => {
  it.each([
    {
      what: 'less than was asked',
      paymentMethod: 'pm_partial',
      charged: { amountMinor: 795, currency: 'EUR' },
    },
    {
      what: 'another currency',
      paymentMethod: 'pm_other_currency',
      charged: { amountMinor: 1590, currency: 'USD' },
    },
  ])(
    '$what is not believed: it is undone, recorded, and the order rejected',
    async ({ paymentMethod, charged }) => {
      const order = await system.api.run({ paymentMethod })
      expect(order).toMatchObject({
        status: 'rejected',
        reason: { code: 'PROVIDER_MISMATCH', step: 'chargePayment' },
      })
      const stateOf = (name: string) => order.steps.find((step) => step.name === name)?.state
      expect([stateOf('chargePayment'), stateOf('createShipment')]).toEqual(['failed', 'pending'])
      expect((await system.api.ledger(order.id)).charges.map(({ state }) => state)).toEqual(['refunded'])
      const events = await system.api.events(order.id)
      const key = `order:${order.id}:chargePayment`
      const told = events.filter(({ type }) => type.startsWith('Payment'))
      expect(told).toMatchObject([
        { type: 'PaymentVoided', data: { key, providerRef: `ch_${key}`, ...charged } },
      ])
      expect(await system.api.get(`/orders/${order.id}?asOfVersion=${order.version}`)).toEqual(order)
      expect(await system.api.invariants()).toMatchObject({ ok: true })
    },
  )

  it('less than was asked, and cannot be brought to undo it, leaves an order that is parked in sight', async () => {
    system.interferences.planAtProvider('cus_partial', 'refundPayment', { kind: 'fails', times: 1000 })
    const { id } = await system.api.place({ customerId: 'cus_partial', paymentMethod: 'pm_partial' })
    await system.api.reached(id, 'parked')
    expect((await system.api.ledger(id)).charges.map(({ state }) => state)).toEqual(['charged'])
  })
})

describe.concurrent('an answer that cannot be read', () => {
  const garbled = Object.keys(GARBLED) as (keyof typeof GARBLED)[]
  it.for(garbled)('%s: what happened is asked by key, and the order is completed', async (as) => {
    const customerId = `cus_garbled_${as.replaceAll(' ', '_')}`
    system.interferences.planAtProvider(customerId, 'chargePayment', { kind: 'garbles', times: 1, as })
    const { id } = await system.api.place({ customerId })
    const order = await system.api.ended(id)
    expect(system.interferences.isMet(customerId, 'chargePayment')).toBe(true)
    await expectOrderCompleted(system, order)
  })
})
