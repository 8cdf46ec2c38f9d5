import { expect, it } from 'vitest'
import { PERMITS } from '../../domain/provider/permits.ts'
import { startSystem } from '../harness/start.ts'

const BURST = 40

const CHANGES: Readonly<Record<string, number>> = {
  EVENT_TYPE_WORKFLOW_TASK_STARTED: 1,
  EVENT_TYPE_WORKFLOW_TASK_COMPLETED: -1,
  EVENT_TYPE_WORKFLOW_TASK_FAILED: -1,
}

/** How many workflow tasks were with the worker at once, by the clock of Temporal alone. */
function mostAtOnce(histories: readonly { events: { eventType: string; eventTime: string }[] }[]): number {
  const changes = histories.flatMap(({ events }) =>
    events.flatMap(({ eventType, eventTime }) => {
      const change = CHANGES[eventType]
      // Without its zone, a time with fewer digits sorts before those that go on.
      return change === undefined ? [] : [{ change, at: eventTime.replace('Z', '') }]
    }),
  )
  changes.sort((a, b) => (a.at < b.at ? -1 : 1))
  let atOnce = 0
  return Math.max(...changes.map(({ change }) => (atOnce += change)))
}

it('of a burst of orders a worker takes few at once, and the others wait at Temporal', async () => {
  // A workflow task that takes long, as it may on a busy machine, is not to be given up.
  const system = await startSystem({ workers: false, workflowTaskTimeoutMs: 60_000 })
  try {
    const orders = await Promise.all(Array.from({ length: BURST }, () => system.api.place()))
    await system.startWorkers()
    for (const { id } of orders) expect((await system.api.ended(id)).status).toBe('completed')
    const histories = await Promise.all(orders.map(({ id }) => system.api.history(id)))
    expect(mostAtOnce(histories)).toBeLessThanOrEqual(2 * PERMITS)
  } finally {
    await system.close()
  }
})
