import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { matrixOf, runIntoTrouble } from '../harness/failure-matrix.ts'
import { expectOrderCompleted, ORDER_TRIALS } from '../harness/order-trials.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'
import { TRANSFER_TRIALS } from '../harness/transfer-trials.ts'

let system: System
beforeAll(async () => {
  system = await startSystem({ input: { pace: 0.02 } })
})
afterAll(() => system.close())

describe('an order', () => {
  it('is completed with one effect of each step, one workflow task and 11 events of history', async () => {
    const order = await system.api.run()
    await expectOrderCompleted(system, order)
    const { events } = await system.api.history(order.id)
    expect(events).toHaveLength(11)
    expect(events.filter(({ eventType }) => eventType === 'EVENT_TYPE_WORKFLOW_TASK_COMPLETED')).toHaveLength(
      1,
    )
    // Its workflow has closed, so nothing more is told.
    expect((await system.api.order(order.id)).version).toBe(
      (await system.api.events(order.id)).at(-1)?.version,
    )
  })

  it('that a provider refuses locally made exactly one call to it', async () => {
    const order = await system.api.run({ paymentMethod: 'pm_declined' })
    const step = order.steps.find(({ name }) => name === 'chargePayment')
    expect(step).toMatchObject({ state: 'failed', attempts: 1, compensation: 'none' })
    const { events } = await system.api.history(order.id)
    expect(events.filter(({ eventType }) => eventType === 'EVENT_TYPE_ACTIVITY_TASK_SCHEDULED')).toEqual([])
  })
})

describe.concurrent('an order whose', () => {
  it.each(matrixOf(ORDER_TRIALS))('$step $trouble ends as the definition predicts', async (row) => {
    await runIntoTrouble(system, ORDER_TRIALS, row.step, row.trouble)
  })
})

describe.concurrent('a transfer whose', () => {
  it.each(matrixOf(TRANSFER_TRIALS))('$step $trouble ends as the definition predicts', async (row) => {
    await runIntoTrouble(system, TRANSFER_TRIALS, row.step, row.trouble)
  })
})
