import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTransport } from '../../events/broker/open-transport.ts'
import { startThrowawayStack } from '../../stack/throwaway.ts'
import type { Stack } from '../../stack/stack.ts'
import { freePort } from '../../stack/ports.ts'
import { createApiClient } from '../harness/api-client.ts'
import { reading } from '../harness/envelopes.ts'
import { killHard } from '../harness/kill.ts'
import { isWholeMatrix } from '../harness/matrix.ts'
import { until } from '../harness/poll.ts'

/** What carries the events; in the whole matrix also what makes them, and a second time. */
const CARRIERS = ['relay', 'projector', 'NATS']
const VICTIMS = isWholeMatrix ? [...CARRIERS, 'PostgreSQL', 'worker-1', 'relay', 'projector'] : CARRIERS

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
  it('loses no event and counts none twice while all that carries them is killed under load', async () => {
    const api = createApiClient(stack.apiUrl, stack.sandboxUrl)
    const kill = (name: string) => {
      const victim = [...stack.processes, ...stack.servers].find((candidate) => candidate.name === name)
      return killHard(name, () => victim?.pid())
    }
    const customerId = 'cus_chaos'
    const orders: string[] = []
    const place = async (count: number) => {
      for (let n = 0; n < count; n += 1) {
        const service = n % 5 === 4 ? 'refused' : 'standard'
        // A database that was just killed takes no orders: the client comes back, as the answer asks.
        const placed = await until('an order to be accepted', () =>
          api.place({ customerId, service, lines: [{ sku: 'TEA-002', quantity: 1 }] }).catch(() => undefined),
        )
        orders.push(placed.id)
      }
    }
    for (const name of VICTIMS) {
      await place(5)
      await kill(name)
    }
    await place(5)
    const ended = await Promise.all(orders.map((id) => api.ended(id)))
    const completed = ended.filter(({ status }) => status === 'completed')
    // Of each five, one is refused.
    const sold = (VICTIMS.length + 1) * 4
    expect(completed).toHaveLength(sold)

    type Sales = { data: { sku: string; quantity: number }[] }
    type Orders = { data: { id: string; status: string; version: number }[] }
    const read = <T>(path: string) =>
      until('the read models to have caught up', () => api.get<T>(path).catch(() => undefined))
    const { data: sales } = await read<Sales>('/reports/sales?sku=TEA-002&minVersion=1')
    expect(sales.reduce((sum, { quantity }) => sum + quantity, 0)).toBe(sold)
    const { data: seen } = await read<Orders>(`/customers/${customerId}/orders?limit=100&minVersion=1`)
    expect(new Map(seen.map(({ id, status }) => [id, status]))).toEqual(
      new Map(ended.map(({ id, status }) => [id, status])),
    )
    expect(await api.get('/operations/dead-letters')).toMatchObject({ data: [] })
    expect(await api.invariants()).toMatchObject({ ok: true })
  }, 240_000)

  it('hands every event of an order to the broker, in order, also when the relay is killed meanwhile', async () => {
    const api = createApiClient(stack.apiUrl, stack.sandboxUrl)
    const relay = stack.processes.find(({ name }) => name === 'relay')
    const { id } = await api.place()
    await killHard('the relay', () => relay?.pid())
    await api.ended(id)
    await api.notified(id)
    const told = await api.eventTypes(id)
    const transport = await openTransport({ kind: 'nats', url: natsUrl }, () => undefined)
    const heard: string[] = []
    await transport.subscribe(
      'test',
      reading(async (events) => {
        heard.push(...events.filter(({ subject }) => subject === `order-${id}`).map(({ type }) => type))
      }),
    )
    await until('every event to be heard', () => (heard.length >= told.length ? true : undefined))
    await transport.close()
    expect(heard).toEqual(told.map((type) => `ordersaga.${type}`))
  })
})
