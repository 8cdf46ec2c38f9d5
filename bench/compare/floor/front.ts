import { performance } from 'node:perf_hooks'
import type { Ended } from '../contestant.ts'
import { createFront, listen } from '../front.ts'
import type { Order, OrderRequest } from '../order.ts'
import { readSettings } from '../settings.ts'
import { connectClient, startOnce } from '../temporal-client.ts'

const { port, temporalAddress } = readSettings()
const client = await connectClient(temporalAddress)

/** It has no catalogue: what an order costs is what it would be handed on with. */
const place = async (id: string, { currency, paymentMethod, shipping }: OrderRequest): Promise<Order> => ({
  id,
  currency,
  totalMinor: 0,
  paymentMethod,
  shipping,
})

const ended: Ended[] = []
const watched = new Set<string>()

async function watch(id: string): Promise<void> {
  if (watched.has(id)) return
  watched.add(id)
  await client.workflow.getHandle(id).result()
  ended.push({ id, atMs: performance.timeOrigin + performance.now(), outcome: 'completed' })
}

const front = createFront({
  place,
  async start(order) {
    await startOnce(client, 'emptyOrder', order)
    void watch(order.id)
  },
})
/** The orders that have ended since this was asked before. */
front.get('/ended', (_request, response) => void response.json(ended.splice(0)))
await listen(front, port)
