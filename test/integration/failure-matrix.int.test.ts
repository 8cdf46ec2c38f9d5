import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectCompleted, MATRIX, runIntoTrouble } from '../harness/failure-matrix.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'

let system: System
beforeAll(async () => {
  system = await startSystem({ input: { pace: 0.02 } })
})
afterAll(() => system.close())

describe('an order', () => {
  it('is completed with one effect of each step, one workflow task and 11 events of history', async () => {
    const order = await system.api.run()
    await expectCompleted(system, order)
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

describe('an order whose', () => {
  it.concurrent.each(MATRIX)('$step $trouble ends as the definition predicts', async ({ step, trouble }) => {
    await runIntoTrouble(system, step, trouble)
  })
})
