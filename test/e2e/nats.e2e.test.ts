import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTransport } from '../../events/open-transport.ts'
import { startThrowawayStack } from '../../stack/throwaway.ts'
import type { Stack } from '../../stack/stack.ts'
import { freePort } from '../../stack/ports.ts'
import { createApiClient } from '../harness/api-client.ts'
import { until } from '../harness/poll.ts'

/** What `npm start` runs when NATS is chosen to carry the events. */
let stack: Stack
let natsUrl: string
beforeAll(async () => {
  const port = await freePort()
  natsUrl = `nats://127.0.0.1:${port}`
  stack = await startThrowawayStack(() => () => undefined, { EVENT_TRANSPORT: 'nats', NATS_PORT: port })
})
afterAll(() => stack.stop())

describe('the system on NATS', () => {
  it('hands every event of an order to the broker, in order, also when the relay is killed meanwhile', async () => {
    const api = createApiClient(stack.apiUrl, stack.sandboxUrl)
    const relay = stack.processes.find(({ name }) => name === 'relay')
    const { id } = await api.place()
    process.kill(relay?.pid() ?? 0, 'SIGKILL')
    await api.ended(id)
    const told = await api.eventTypes(id)
    const transport = await openTransport({ kind: 'nats', url: natsUrl }, () => undefined)
    const heard: string[] = []
    await transport.subscribe('test', async (events) => {
      heard.push(...events.filter(({ subject }) => subject === `order-${id}`).map(({ type }) => type))
    })
    await until('every event to be heard', () => (heard.length >= told.length ? true : undefined))
    await transport.close()
    expect(heard).toEqual(told.map((type) => `ordersaga.${type}`))
  })
})
