import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OrderWishes } from '../harness/api-client.ts'
import { matrixOf, runIntoTrouble } from '../harness/failure-matrix.ts'
import { isWholeMatrix } from '../harness/matrix.ts'
import { COMPOSED_TRIALS, expectOrderCompleted, ORDER_TRIALS } from '../harness/order-trials.ts'
import { until } from '../harness/poll.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'
import { stepsOf } from '../harness/saga-steps.ts'
import { TRANSFER_TRIALS } from '../harness/transfer-trials.ts'

let system: System
beforeAll(async () => {
  // A workflow task that takes long, as it may on a busy machine, is not to be prolonged with another.
  system = await startSystem({ input: { pace: 0.02 }, workflowTaskTimeoutMs: 60_000 })
})
afterAll(() => system.close())

const of = (events: { eventType: string }[], type: string) =>
  events.filter(({ eventType }) => eventType === `EVENT_TYPE_${type}`)

/** An order all of whose attempts were in time to be local, which a busy machine may keep one from; and its history. */
const runLocally = (wishes: OrderWishes = {}) =>
  until('an order that needed no queue', async () => {
    const order = await system.api.run(wishes)
    // The row is a moment ahead of the workflow that wrote it.
    await system.client.workflow.getHandle(order.workflow.id).result()
    const { events } = await system.api.history(order.id)
    return of(events, 'ACTIVITY_TASK_SCHEDULED').length === 0 ? { order, events } : undefined
  })

describe('an order', () => {
  it('is completed with one effect of each step, one workflow task and 5 events of history besides one for each', async () => {
    const { order, events } = await runLocally()
    await expectOrderCompleted(system, order)
    expect(events).toHaveLength(5 + stepsOf(ORDER_TRIALS.definition).length)
    expect(of(events, 'WORKFLOW_TASK_COMPLETED')).toHaveLength(1)
    // Its workflow has closed, so nothing more is told.
    expect((await system.api.order(order.id)).version).toBe(
      (await system.api.events(order.id)).at(-1)?.version,
    )
  })

  it('keeps people’s data out of its workflow’s history', async () => {
    const order = await system.api.run({ paymentMethod: 'pm_flaky_2', service: 'refused' })
    const history = JSON.stringify(await system.api.history(order.id))
    const payloads = [...history.matchAll(/"data":"([^"]+)"/g)].map(([, data]) =>
      Buffer.from(data ?? '', 'base64').toString(),
    )
    expect(payloads.join()).toContain(order.id)
    expect(`${history}${payloads.join()}`).not.toMatch(
      /A\. Doe|High St|Utrecht|3511 ZX|cus_alice|pm_flaky|TEA-001|\.ts:\d+/,
    )
  })

  it('is tried on a queue within limits: heartbeat, time, attempts, and its deadline', async () => {
    const order = await system.api.run({ paymentMethod: 'pm_flaky_2' })
    const { events } = await system.api.history(order.id)
    const scheduled = events.find(({ eventType }) => eventType === 'EVENT_TYPE_ACTIVITY_TASK_SCHEDULED')
    expect(scheduled).toMatchObject({
      activityTaskScheduledEventAttributes: {
        heartbeatTimeout: '3s',
        startToCloseTimeout: '6s',
        scheduleToCloseTimeout: expect.stringMatching(/^1(7\d\d|800)(\.\d+)?s$/) as string,
        retryPolicy: { maximumAttempts: 5, backoffCoefficient: 2 },
      },
    })
  })

  it('that a provider refuses locally made exactly one call to it', async () => {
    const { order } = await runLocally({ paymentMethod: 'pm_declined' })
    const step = order.steps.find(({ name }) => name === 'chargePayment')
    expect(step).toMatchObject({ state: 'failed', attempts: 1, compensation: 'none' })
  })
})

describe.concurrent('an order whose', () => {
  it.each(matrixOf(ORDER_TRIALS))('$step $trouble ends as the definition predicts', async (row) => {
    await runIntoTrouble(system, ORDER_TRIALS, row)
  })
})

describe.concurrent.each(COMPOSED_TRIALS)('$what whose', ({ at, trials }) => {
  const rows = matrixOf(trials).filter(({ step }) => isWholeMatrix || step === at)
  it.each(rows)('$step $trouble ends as its definition predicts', async (row) => {
    await runIntoTrouble(system, trials, row)
  })
})

describe.concurrent('a transfer whose', () => {
  it.each(matrixOf(TRANSFER_TRIALS))('$step $trouble ends as the definition predicts', async (row) => {
    await runIntoTrouble(system, TRANSFER_TRIALS, row)
  })
})

describe('afterwards', () => {
  it('every invariant holds', async () => {
    expect(await system.api.invariants()).toMatchObject({ ok: true })
  })
})
