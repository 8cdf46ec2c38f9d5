import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Order } from '../harness/api-client.ts'
import { readStream, type Sent } from '../harness/event-stream.ts'
import { ORDER_TRIALS } from '../harness/order-trials.ts'
import { stepsOf } from '../harness/saga-steps.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'
import { eventsOfTurningBack } from '../harness/trials.ts'

let system: System
beforeAll(async () => {
  system = await startSystem()
})
afterAll(() => system.close())

const read = <Data>(path: string, options?: Parameters<typeof readStream<Data>>[1]) =>
  readStream<Data>(system.apiUrl + path, options)

const COMPLETED = [
  ORDER_TRIALS.events.opening,
  ...stepsOf(ORDER_TRIALS.definition)
    .filter(({ kind }) => kind !== 'retriable')
    .map(({ events }) => events.done),
]

describe('the stream of an order', () => {
  it('sends each event as it happens, with the order as it then was, and ends with the order', async () => {
    const { id } = await system.api.place({ paymentMethod: 'pm_slow_600' })
    const { type, sent, hasEnded } = await read<Order>(`/orders/${id}/stream`)
    expect([type, hasEnded]).toEqual(['text/event-stream', true])
    expect(sent.map(({ event }) => event)).toEqual(COMPLETED)
    expect(sent.map(({ id: version }) => version)).toEqual(sent.map((_, index) => String(index + 1)))
    expect(sent.map(({ data }) => [data.id, data.version])).toEqual(sent.map((_, index) => [id, index + 1]))
    expect(sent.map(({ data }) => data.status)).toEqual([
      'pending',
      ...Array.from({ length: sent.length - 2 }, () => 'processing'),
      'completed',
    ])
  })

  it('sends the events so far of an order that has ended, up to the one that ended it', async () => {
    const { id } = await system.api.run({ service: 'refused' })
    const { sent, hasEnded } = await read<Order>(`/orders/${id}/stream`)
    expect(hasEnded).toBe(true)
    const turning = { step: 'createShipment', code: 'SHIPMENT_REFUSED' }
    expect(sent.map(({ event }) => event)).toEqual(eventsOfTurningBack(ORDER_TRIALS, turning))
    expect(sent.at(-1)?.data).toEqual(await system.api.order(id))
  })

  it('goes on after the last event that the client has seen, and asks one that has seen all not to come back', async () => {
    const { id } = await system.api.run()
    const whole = await read<Order>(`/orders/${id}/stream`)
    const rest = await read<Order>(`/orders/${id}/stream`, { lastEventId: '3' })
    expect(rest.sent).toEqual(whole.sent.slice(3))
    const last = String(whole.sent.at(-1)?.id)
    expect(await read(`/orders/${id}/stream`, { lastEventId: last })).toMatchObject({ status: 204, sent: [] })
  })

  it('sends what happens next to a client that has seen a version which the order does not have', async () => {
    const { id } = await system.api.place({ paymentMethod: 'pm_pending' })
    await system.api.reached(id, 'waiting')
    const { version } = await system.api.order(id)
    // It is open when its headers have come: what the order has by then is what the client has seen.
    const stream = await fetch(`${system.apiUrl}/orders/${id}/stream`, {
      headers: { 'last-event-id': '999' },
    })
    await system.api.cancel(id)
    const text = await stream.text()
    expect(text).toContain('event:OrderCancelled')
    expect(text).not.toContain(`id:${version}\n`)
  })

  it('is refused for an unknown order, and after an id that is none', async () => {
    expect((await fetch(`${system.apiUrl}/orders/x/stream`)).status).toBe(404)
    const { id } = await system.api.run()
    const headers = { 'last-event-id': 'first' }
    expect((await fetch(`${system.apiUrl}/orders/${id}/stream`, { headers })).status).toBe(400)
    expect((await fetch(`${system.apiUrl}/orders/${id}/stream?from=1`)).status).toBe(400)
  })
})

describe('the stream for operators', () => {
  const isCompletion = ({ event }: Sent<unknown>) => event === 'OrderCompleted'
  const of = (id: string, sent: Sent<{ streamId: string }>[]) =>
    sent.filter(({ data }) => data.streamId === `order-${id}`)

  it('goes on where a client was cut off, with what happened to every order', async () => {
    const [{ id }, { id: other }] = [await system.api.run(), await system.api.run()]
    // Customers are told after the order's end: what is compared has nothing more to come.
    for (const order of [id, other])
      await expect.poll(() => system.api.eventTypes(order), { timeout: 80_000 }).toContain('CustomerNotified')
    const readAfter = (lastEventId: string) =>
      read<{ streamId: string }>('/operations/stream', {
        lastEventId,
        enough: (sent) => of(other, sent).some(({ event }) => event === 'CustomerNotified'),
      })
    const { sent } = await readAfter('0')
    expect(of(id, sent).map(({ event }) => event)).toEqual(expect.arrayContaining(COMPLETED))
    const seen = of(other, sent)[2]
    const { sent: rest } = await readAfter(String(seen?.id))
    expect(of(other, rest)).toEqual(of(other, sent).slice(3))
    expect(of(id, rest)).toEqual(of(id, sent).filter((event) => Number(event.id) > Number(seen?.id)))
  })

  it('says so first when events that a client has not seen are not kept any more', async () => {
    const { id } = await system.api.run()
    await system.db
      .$executeRaw`DELETE FROM outbox WHERE id <= (SELECT min(id) FROM outbox WHERE stream_id = ${`order-${id}`})`
    const { sent } = await read<object>('/operations/stream', {
      lastEventId: '0',
      enough: (all) => all.some(({ event }) => event === 'CustomerNotified'),
    })
    expect(sent[0]).toEqual({ event: 'EventsMissed', id: '0', data: { after: '0' } })
    expect(sent.filter(({ event }) => event === 'EventsMissed')).toHaveLength(1)
  })

  it.each([
    ['has seen nothing', {}],
    ['has seen an id of another database', { lastEventId: '999999999999999' }],
  ])('begins with what happens now for a client that %s', async (_who, seen) => {
    const { id: earlier } = await system.api.run()
    const progress = { isRead: false }
    const reading = read<{ streamId: string }>('/operations/stream', {
      ...seen,
      enough: (sent) => sent.some(isCompletion),
    }).finally(() => {
      progress.isRead = true
    })
    // The stream opens at a moment of its own: orders are placed until it tells of one.
    for (let orders = 0; orders < 50 && !progress.isRead; orders += 1) await system.api.run()
    const { sent } = await reading
    expect(of(earlier, sent).filter(isCompletion)).toEqual([])
  })

  it('leaves nothing behind for clients that leave before it has begun', async () => {
    const { hostname, port } = new URL(system.apiUrl)
    const commits = async () => {
      const [row] = await system.db.$queryRaw<{ count: bigint }[]>`
        SELECT xact_commit AS count FROM pg_stat_database WHERE datname = current_database()`
      return Number(row?.count ?? 0)
    }
    /** Database transactions in two seconds of nothing to do. */
    const idle = async () => {
      const before = await commits()
      await new Promise((resolve) => setTimeout(resolve, 2000))
      return (await commits()) - before
    }
    const quiet = await idle()
    for (let n = 0; n < 100; n += 1) {
      const socket = connect(Number(port), hostname)
      await once(socket, 'connect')
      socket.write(`GET /operations/stream HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`)
      socket.destroy()
    }
    // A hundred that went on asking twice a second would be four hundred more.
    await expect.poll(idle, { timeout: 30_000 }).toBeLessThan(quiet + 200)
  })
})
