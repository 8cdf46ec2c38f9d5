import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createListener, type Listener } from '../../events/broker/listener.ts'
import { openTransport } from '../../events/broker/open-transport.ts'
import { openSession } from '../../postgres.ts'
import { startPostgresBroker, type Broker } from '../harness/brokers.ts'
import { bySubject, envelopes, reading, upTo } from '../harness/envelopes.ts'
import type { EventEnvelope } from '../../events/broker/envelope.ts'
import { until } from '../harness/poll.ts'
import type { TestDatabase } from '../harness/database.ts'

/** How the subscribers of the embedded broker learn of news: by notifications, and by polls where one is lost. */
let broker: Broker & { db: TestDatabase['db'] }
const closers: (() => Promise<unknown>)[] = []
beforeAll(async () => {
  broker = await startPostgresBroker()
})
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})
afterAll(() => broker.close())

const never = new AbortController().signal

/** A listener that listens, and what has gone wrong with it. */
async function listening(url = broker.settings.url) {
  const troubles: string[] = []
  const listener = createListener(url, (what) => troubles.push(what))
  closers.push(() => listener.stop())
  await rung(listener, 0)
  return { listener, troubles }
}

/** A poll is no news: it rings nothing. */
const rung = (listener: Listener, before: number) =>
  until('news', () => (listener.heard() > before ? true : undefined))

const listeners = async () => {
  const rows = await broker.db.$queryRaw<{ pid: number }[]>`
    SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'ordersaga-listener'`
  return rows.map(({ pid }) => pid)
}

async function publish(events: readonly EventEnvelope[]): Promise<void> {
  const publisher = await openTransport(broker.settings, () => undefined)
  await publisher.publish(events)
  await publisher.close()
}

/** Subscribes; answers what was handed out. */
async function collect(consumer: string, url = broker.settings.url): Promise<EventEnvelope[]> {
  const transport = await openTransport({ kind: 'postgres', url }, () => undefined)
  closers.push(() => transport.close())
  const got: EventEnvelope[] = []
  await transport.subscribe(
    consumer,
    reading(async (events) => void got.push(...events)),
  )
  return got
}

describe('a listener', () => {
  it('hears of each batch that is stored, once however many events it has', async () => {
    const session = openSession(broker.settings.url, { name: 'witness' })
    await session.connect()
    closers.push(() => session.end())
    let notified = 0
    session.on('notification', () => (notified += 1))
    await session.query('LISTEN broker_messages')
    const { listener } = await listening()
    const before = listener.heard()
    await publish(envelopes('order-once', 1, 100))
    await rung(listener, before)
    // What was notified before it has come by the time that a later statement is answered.
    await session.query('SELECT')
    expect(notified).toBe(1)
  })

  it('does not wait for news that came after the look and before the wait', async () => {
    const { listener } = await listening()
    const looked = listener.heard()
    await publish(envelopes('order-between', 1, 1))
    await rung(listener, looked)
    await expect(listener.wait(looked, never)).resolves.toBeUndefined()
  })

  it('listens again when its connection was lost, and takes that for news', async () => {
    const { listener, troubles } = await listening()
    const before = listener.heard()
    const [pid] = await listeners()
    await broker.db.$queryRaw`SELECT pg_terminate_backend(${pid}::integer)`
    await rung(listener, before)
    expect(troubles.length).toBeGreaterThan(0)
    const again = listener.heard()
    await publish(envelopes('order-again', 1, 1))
    await rung(listener, again)
  })

  it('ends a wait by itself while there is no server to listen to', async () => {
    const { line, settings } = await broker.onLine()
    const { listener, troubles } = await listening(settings.url)
    line.cut()
    await until('the loss to be seen', () => (troubles.length > 0 ? true : undefined))
    const heard = listener.heard()
    await listener.wait(heard, never)
    expect(listener.heard()).toBe(heard)
    line.mend()
    await rung(listener, heard)
  })

  it('stops at once, and leaves no connection behind', async () => {
    const { listener, troubles } = await listening()
    const waiting = listener.wait(listener.heard(), AbortSignal.abort())
    await listener.stop()
    await waiting
    await until('its connection to be gone', async () =>
      (await listeners()).length === 0 ? true : undefined,
    )
    expect(troubles).toEqual([])
  })
})

describe('a subscriber', () => {
  it('finds what no notification has announced', async () => {
    const got = await collect('deaf')
    const [event] = envelopes('order-silent', 1, 1)
    await until('its cursor', async () =>
      (await broker.db.brokerCursor.count({ where: { consumer: 'deaf' } })) > 0 ? true : undefined,
    )
    await broker.db.$executeRaw`
      INSERT INTO broker_messages (id, subject, envelope)
      VALUES ('order-silent/1', 'order-silent', ${JSON.stringify(event)}::jsonb)`
    await until('the event', () => (bySubject(got)['order-silent'] === undefined ? undefined : true))
    expect(got.filter(({ subject }) => subject === 'order-silent')).toEqual([event])
  })

  it('misses nothing while its listener is lost again and again', async () => {
    const got = await collect('reader')
    for (let from = 1; from <= 50; from += 10) {
      for (const pid of await listeners())
        await broker.db.$queryRaw`SELECT pg_terminate_backend(${pid}::integer)`
      await publish(envelopes('order-lost', from, from + 9))
    }
    await until('all events', () => (bySubject(got)['order-lost']?.length === 50 ? true : undefined))
    expect(bySubject(got)['order-lost']).toEqual(upTo(50))
  })

  it('needs one connection to listen, however many consumers its process has', async () => {
    const transport = await openTransport(broker.settings, () => undefined)
    closers.push(() => transport.close())
    const got = new Set<string>()
    for (const consumer of ['one', 'two', 'three'])
      await transport.subscribe(
        consumer,
        reading(async () => void got.add(consumer)),
      )
    await publish(envelopes('order-many', 1, 1))
    await until('all consumers', () => (got.size === 3 ? true : undefined))
    expect(await listeners()).toHaveLength(1)
  })
})
