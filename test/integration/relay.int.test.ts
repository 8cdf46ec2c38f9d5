import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { Registry } from 'prom-client'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EventEnvelope } from '../../events/broker/envelope.ts'
import { standForLeader } from '../../events/leader.ts'
import { openTransport } from '../../events/broker/open-transport.ts'
import { sqlOf } from '../../events/store/sql.ts'
import { createRelayMetrics } from '../../events/outbox/relay-metrics.ts'
import { startRelay } from '../../events/outbox/relay.ts'
import type { EventTransport } from '../../events/broker/transport.ts'
import type { TestDatabase } from '../harness/database.ts'
import { bySubject, upTo } from '../harness/envelopes.ts'
import { placeOrderRow } from '../harness/order-rows.ts'
import { until } from '../harness/poll.ts'
import { compiled, createTestDatabase } from '../harness/start.ts'
import { startWatchedProcess } from '../harness/watched-process.ts'

let test: TestDatabase
let transport: EventTransport
const closers: (() => unknown)[] = []
beforeEach(async () => {
  test = await createTestDatabase()
  transport = await openTransport({ kind: 'postgres', url: test.url }, () => undefined)
})
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
  await transport.close()
  await test.close()
})

/** A relay, and what it tells of itself. */
function relay(by: EventTransport = transport) {
  const pool = new pg.Pool({ connectionString: test.url, max: 1 })
  const registry = new Registry()
  const metrics = createRelayMetrics(registry, sqlOf(pool))
  const running = startRelay({ url: test.url, transport: by, metrics, onTrouble: () => undefined })
  const stop = async () => {
    await running.stop()
    await pool.end()
  }
  closers.push(stop)
  return {
    metric: async (name: string) => {
      const [found] = (await registry.getSingleMetric(name)?.get())?.values ?? []
      return found?.value
    },
  }
}

/** A broker that refuses some streams for as long as it is told to. */
function refusing(isRefused: (event: EventEnvelope) => boolean): EventTransport {
  return { ...transport, publish: (events) => transport.publish(events.filter((event) => !isRefused(event))) }
}

async function connect(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: test.url })
  await client.connect()
  closers.push(() => client.end())
  return client
}

const append = (db: Pick<pg.Client, 'query'>, order: string, count = 1) =>
  db.query(`SELECT saga_advance($1, NULL, 'Noted', '{}', 1) FROM generate_series(1, $2)`, [order, count])

const placeOrders = (count: number) =>
  Promise.all(Array.from({ length: count }, () => placeOrderRow(test.db)))

/** What the broker holds, in its order. */
async function published(): Promise<EventEnvelope[]> {
  const messages = await test.db.brokerMessage.findMany({ orderBy: { position: 'asc' } })
  return messages.map(({ envelope }) => envelope as unknown as EventEnvelope)
}

const allPublished = (count: number) =>
  until(`${count} events to be published and marked`, async () => {
    const [waiting, all] = [
      await test.db.outbox.count({ where: { publishedAt: null } }),
      await test.db.outbox.count(),
    ]
    return waiting === 0 && all === count ? true : undefined
  })

/** Waits until a metric has a value. */
const shows = (metric: (name: string) => Promise<number | undefined>, name: string, value: number) =>
  until(`${name} to be ${value}`, async () => ((await metric(name)) === value ? true : undefined))

describe('the relay', () => {
  it('publishes what many writers append at once, in order in each stream, and each event once', async () => {
    const { metric } = relay()
    const orders = await placeOrders(5)
    const writers = await Promise.all(Array.from({ length: 6 }, connect))
    await Promise.all(
      writers.map(async (writer, index) => {
        for (let round = 0; round < 50; round += 1) await append(writer, orders[(index + round) % 5] ?? '')
      }),
    )
    await allPublished(305)
    expect(bySubject(await published())).toEqual(
      Object.fromEntries(orders.map((order) => [`order-${order}`, upTo(61)])),
    )
    await shows(metric, 'ordersaga_outbox_depth', 0)
    await shows(metric, 'ordersaga_outbox_lag_seconds', 0)
    await shows(metric, 'ordersaga_events_published_total', 305)
    expect(await metric('ordersaga_relay_is_leader')).toBe(1)
  })

  it('misses no event that was committed after ones with higher ids were published', async () => {
    relay()
    const [late, early] = await placeOrders(2)
    const writer = await connect()
    await writer.query('BEGIN')
    await append(writer, late ?? '')
    await append(await connect(), early ?? '')
    await until('the later one to be published', async () =>
      (await published()).length === 3 ? true : undefined,
    )
    await writer.query('COMMIT')
    await allPublished(4)
    expect(bySubject(await published())).toEqual({ [`order-${late}`]: [1, 2], [`order-${early}`]: [1, 2] })
  })

  it('holds back the rest of a stream whose event the broker refuses, and of no other', async () => {
    const [bad, good] = await placeOrders(2)
    const writer = await connect()
    // More than one batch: they stand at the front of the outbox for as long as they are refused.
    await append(writer, bad ?? '', 600)
    await append(writer, good ?? '', 20)
    let isBroken = true
    const { metric } = relay(
      refusing((event) => isBroken && event.subject === `order-${bad}` && event.streamversion >= 2),
    )
    await until('the other stream to be published', async () =>
      bySubject(await published())[`order-${good}`]?.length === 21 ? true : undefined,
    )
    expect(bySubject(await published())[`order-${bad}`]).toEqual([1])
    // An event is marked a moment after it is published.
    await shows(metric, 'ordersaga_outbox_depth', 600)
    expect(await metric('ordersaga_outbox_lag_seconds')).toBeGreaterThan(0)
    expect(await metric('ordersaga_relay_publish_failures_total')).toBeGreaterThan(0)
    isBroken = false
    await allPublished(622)
    expect(bySubject(await published())[`order-${bad}`]).toEqual(upTo(601))
  })

  it('loses nothing while the broker is away', async () => {
    let isAway = true
    const { metric } = relay(refusing(() => isAway))
    const orders = await placeOrders(3)
    await until('it to have tried', async () =>
      ((await metric('ordersaga_relay_publish_failures_total')) ?? 0) > 3 ? true : undefined,
    )
    expect(await published()).toEqual([])
    isAway = false
    await allPublished(3)
    expect(Object.keys(bySubject(await published())).sort()).toEqual(
      orders.map((order) => `order-${order}`).sort(),
    )
  })

  it('deletes rows that were published an hour ago, but for younger ones, unpublished ones, and those of which a read model has still to hear', async () => {
    const orders = await placeOrders(4)
    const [gone, young, waiting] = orders.map((order) => `order-${order}`)
    const last = await test.db.outbox.findFirstOrThrow({ orderBy: { id: 'desc' } })
    await test.db.projection.updateMany({ data: { appliedOutboxId: last.id } })
    const unheard = `order-${await placeOrderRow(test.db)}`
    await test.db
      .$executeRaw`UPDATE outbox SET published_at = now() - interval '61 minutes' WHERE stream_id = ${unheard}`
    await test.db
      .$executeRaw`UPDATE outbox SET published_at = now() - interval '61 minutes' WHERE stream_id = ${gone}`
    await test.db
      .$executeRaw`UPDATE outbox SET published_at = now() - interval '59 minutes' WHERE stream_id = ${young}`
    relay(refusing(({ subject }) => subject === waiting))
    await until('the old row to be gone', async () =>
      (await test.db.outbox.count({ where: { streamId: gone ?? '' } })) === 0 ? true : undefined,
    )
    const left = await test.db.outbox.findMany({ orderBy: { streamId: 'asc' } })
    expect(left.map(({ streamId }) => streamId)).toEqual(
      [...orders.map((order) => `order-${order}`).filter((stream) => stream !== gone), unheard].sort(),
    )
  })
})

describe('of several relays', () => {
  /** Ends the connection that holds the lock, as a server that fails over does. */
  async function depose(): Promise<void> {
    const { rowCount } = await (
      await connect()
    ).query(
      `SELECT pg_terminate_backend(pid) FROM pg_locks
        WHERE locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    )
    expect(rowCount).toBe(1)
  }

  it('one leads, and when its connection is killed it stops, stands again, and the one that leads goes on', async () => {
    const relays = [relay(), relay()]
    const leaders = async () => {
      const told = await Promise.all(relays.map(({ metric }) => metric('ordersaga_relay_is_leader')))
      return told.filter((isLeader) => isLeader === 1).length
    }
    for (let orders = 1; orders <= 8; orders += 1) {
      await placeOrderRow(test.db)
      await allPublished(orders)
      await until('one of them to lead', async () => ((await leaders()) === 1 ? true : undefined))
      await depose()
    }
    expect(await published()).toHaveLength(8)
  })

  it('one that falls silent is noticed and replaced', async () => {
    const reigns: string[] = []
    const candidate = (name: string) =>
      standForLeader({
        url: test.url,
        office: 'relay',
        silenceMaxMs: 500,
        onTrouble: () => undefined,
        async lead(_session, isOver) {
          reigns.push(`${name} leads`)
          // It asks nothing of its session, as if it had frozen.
          while (!isOver.aborted) await sleep(10)
          reigns.push(`${name} is over`)
        },
      })
    const first = candidate('first')
    closers.push(() => first.stop())
    await until('the first to lead', () => (reigns.length > 0 ? true : undefined))
    const second = candidate('second')
    closers.push(() => second.stop())
    await until('the second to lead', () => (reigns.includes('second leads') ? true : undefined))
    expect(reigns[0]).toBe('first leads')
    await until('the first to know', () => (reigns.includes('first is over') ? true : undefined))
  })

  it('one that is elected and lost at once, as on a server that takes no writes, stands again after longer each time', async () => {
    const failures: number[] = []
    const leader = standForLeader({
      url: test.url,
      office: 'relay',
      onTrouble: () => undefined,
      lead: (session) => session.query('SELECT').then(() => Promise.reject(new Error('lost'))),
      pauseAfter(times) {
        failures.push(times)
        return 1
      },
    })
    closers.push(() => leader.stop())
    await until('it to have stood again', () => (failures.length >= 4 ? true : undefined))
    expect(failures.slice(0, 4)).toEqual([1, 2, 3, 4])
  })
})

describe('a relay process that is killed with SIGKILL', () => {
  it.each([{ at: 'relay:before-publish' }, { at: 'relay:after-publish' }])(
    'at $at loses no event and stores none twice',
    async ({ at }) => {
      const start = (failpoints: string) => {
        const started = startWatchedProcess({
          name: 'relay',
          entry: compiled('workers/relay.js'),
          env: { DATABASE_URL: test.url, METRICS_PORT: '0', FAILPOINTS: failpoints },
        })
        closers.push(() => started.stop())
        return started
      }
      const orders = await placeOrders(10)
      await start(`${at}=kill`).died()
      expect(await published()).toHaveLength(at === 'relay:after-publish' ? 10 : 0)
      expect(await test.db.outbox.count({ where: { publishedAt: null } })).toBe(10)
      const successor = start('')
      await successor.working()
      await allPublished(10)
      expect(bySubject(await published())).toEqual(
        Object.fromEntries(orders.map((order) => [`order-${order}`, [1]])),
      )
      await successor.stop()
      expect(successor.lines.at(-1)).toContain('draining')
    },
  )
})
