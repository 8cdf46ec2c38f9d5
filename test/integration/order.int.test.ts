import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSystem, type System } from '../harness/system.ts'

let system: System
beforeAll(async () => {
  system = await startSystem()
})
afterAll(() => system.close())

describe('an order', () => {
  it('is completed, with one workflow task and 11 events of history', async () => {
    const { api } = system
    const order = await api.run()
    expect(order.status).toBe('completed')
    const { events } = await api.history(order.id)
    expect(events).toHaveLength(11)
    expect(events.filter(({ eventType }) => eventType === 'EVENT_TYPE_WORKFLOW_TASK_COMPLETED')).toHaveLength(
      1,
    )
  })
})
