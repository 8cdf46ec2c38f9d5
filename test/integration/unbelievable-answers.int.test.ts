import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Order } from '../harness/api-client.ts'
import { GARBLED } from '../harness/misbehaviour.ts'
import { expectOrderCompleted } from '../harness/order-trials.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'

let system: System
beforeAll(async () => {
  system = await startSystem({ input: { pace: 0.05 } })
})
afterAll(() => system.close())

const stateOf = ({ steps }: Order, name: string) => steps.find((step) => step.name === name)?.state

describe.concurrent('a gateway that says it has charged', () => {
  it.for([
    { what: 'less than was asked', lie: { amountMinor: 1 } },
    { what: 'more than was asked', lie: { amountMinor: 15_900 } },
    { what: 'another currency', lie: { currency: 'USD' } },
  ])('$what is not believed: the charge is undone, and the order rejected', async ({ what, lie }) => {
    const customerId = `cus_charged_${what.replaceAll(' ', '_')}`
    system.interferences.planAtProvider(customerId, 'chargePayment', { kind: 'lies', with: lie })
    const { id } = await system.api.place({ customerId })
    const order = await system.api.ended(id)
    expect(order).toMatchObject({
      status: 'rejected',
      reason: { code: 'STEP_FAILED', step: 'chargePayment' },
    })
    expect([stateOf(order, 'chargePayment'), stateOf(order, 'createShipment')]).toEqual(['failed', 'pending'])
    expect((await system.api.ledger(id)).charges.map(({ state }) => state)).toEqual(['refunded'])
    expect(await system.api.invariants()).toMatchObject({ ok: true })
  })

  it('and then takes it back is asked no more: the order is not completed', async () => {
    system.interferences.planAtProvider('cus_taken_back', 'chargePayment', {
      kind: 'lies',
      with: { state: 'refunded' },
    })
    const { id } = await system.api.place({ customerId: 'cus_taken_back' })
    expect(await system.api.ended(id)).toMatchObject({ status: 'rejected' })
    expect((await system.api.ledger(id)).charges.map(({ state }) => state)).toEqual(['refunded'])
  })
})

describe.concurrent('a gateway that says it has refunded', () => {
  it('while the charge still stands is not believed: it is asked again', async () => {
    system.interferences.planAtProvider('cus_not_refunded', 'refundPayment', {
      kind: 'lies',
      with: { state: 'charged' },
    })
    const { id } = await system.api.place({ customerId: 'cus_not_refunded', service: 'refused' })
    // The next attempt voids by key, and is told that the charge was refunded.
    expect(await system.api.ended(id)).toMatchObject({ status: 'rejected' })
    expect((await system.api.ledger(id)).charges.map(({ state }) => state)).toEqual(['refunded'])
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
    expect(order.steps.find(({ name }) => name === 'chargePayment')?.attempts).toBeGreaterThan(1)
  })
})
