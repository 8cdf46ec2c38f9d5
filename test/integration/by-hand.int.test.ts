import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../harness/poll.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'

let system: System
beforeAll(async () => {
  system = await startSystem()
})
afterAll(() => system.close())

/** Longer than a local attempt may take, and shorter than one on the queue. */
const UNDER_WAY_MS = 5000

/** An order whose charge somebody completes by hand while an attempt at it is under way on its queue. */
async function completedByHand(customerId: string, result: unknown): Promise<string> {
  const held = { kind: 'preceded', by: () => sleep(UNDER_WAY_MS) } as const
  system.interferences.plan(customerId, 'chargePayment', held)
  const { id, workflow } = await system.api.place({ customerId })
  const handle = system.client.workflow.getHandle(workflow.id)
  await until('the charge to be on its queue, and completed', async () => {
    // Its workflow may not be started yet.
    const described = await handle.describe().catch(() => undefined)
    const activities = described?.raw.pendingActivities ?? []
    const pending = activities.find(({ activityType }) => activityType?.name === 'chargePayment')
    const activityId = pending?.activityId
    if (activityId === undefined || activityId === null) return undefined
    // One that no worker has begun yet cannot be completed.
    return system.client.activity.complete({ workflowId: workflow.id, activityId }, result).then(
      () => true,
      () => undefined,
    )
  })
  return id
}

describe.concurrent('an activity that a person completes by hand', () => {
  it.each([
    ['done', { kind: 'done' }, 'completeOrder'],
    ['nothing', null, 'chargePayment'],
    ['something else', { charged: true }, 'chargePayment'],
  ])('as %s completes no order without its charge: it is turned back', async (what, result, step) => {
    const id = await completedByHand(`cus_by_hand_${what.replaceAll(' ', '_')}`, result)
    expect(await system.api.ended(id)).toMatchObject({
      status: 'rejected',
      reason: { code: 'STEP_FAILED', step },
    })
    expect((await system.api.ledger(id)).charges.filter(({ state }) => state === 'charged')).toEqual([])
  })
})

describe('afterwards', () => {
  it('every invariant holds', async () => {
    expect(await system.api.invariants()).toMatchObject({ ok: true })
  })
})
