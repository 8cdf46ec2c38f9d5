import { afterEach, expect, inject, it } from 'vitest'
import type { EventEnvelope } from '../../events/broker/envelope.ts'
import { freePort } from '../../stack/ports.ts'
import { createApiClient, orderBody, type ApiClient } from '../harness/api-client.ts'
import { openTestPool } from '../harness/database.ts'
import { bySubject, upTo } from '../harness/envelopes.ts'
import { expectOrdersCompleted } from '../harness/order-trials.ts'
import { until } from '../harness/poll.ts'
import { caughtUp, expectEachAppliedOnce } from '../harness/read-models.ts'
import { compiled, startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'
import { startWatchedProcess, type WatchedProcess } from '../harness/watched-process.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

const ORDERS = Array.from({ length: 8 }, (_, index) => `frozen-${index}`)

/** A process of ours beside a system, in which it finds the rest. */
function startBeside(system: System, entry: string, env: Record<string, string> = {}): WatchedProcess {
  const started = startWatchedProcess({
    name: entry,
    entry: compiled(entry),
    env: { DATABASE_URL: system.databaseUrl, DATABASE_POOL: '4', METRICS_PORT: '0', ...env },
  })
  closers.push(() => started.stop())
  return started
}

async function startApi(system: System): Promise<{ process: WatchedProcess; api: ApiClient }> {
  const port = await freePort()
  const process = startBeside(system, 'api/server.js', {
    PORT: String(port),
    TEMPORAL_ADDRESS: inject('servers').temporalAddress,
    TASK_QUEUE_PREFIX: system.prefix,
    SANDBOX_URL: system.sandboxUrl,
  })
  const url = `http://127.0.0.1:${port}`
  await until('the API to answer', () => fetch(`${url}/livez`).catch(() => undefined))
  return { process, api: createApiClient(url, system.sandboxUrl) }
}

/** The id of an accepted order; undefined for any other answer, or none. */
const place = async (api: ApiClient, key: string): Promise<string | undefined> => {
  const answer = await api.post('/orders', orderBody(), { 'idempotency-key': key }).catch(() => undefined)
  return answer?.status === 202 ? ((await answer.json()) as { id: string }).id : undefined
}

/** The broker has every event of the store, once and in the order of its stream. */
async function expectEachPublishedOnce({ db }: System): Promise<void> {
  const streams = await db.event.groupBy({ by: ['streamId'], _max: { version: true } })
  const messages = await db.brokerMessage.findMany({ orderBy: { position: 'asc' } })
  expect(bySubject(messages.map(({ envelope }) => envelope as unknown as EventEnvelope))).toEqual(
    Object.fromEntries(streams.map(({ streamId, _max }) => [streamId, upTo(_max.version ?? 0)])),
  )
}

const lostItsOffice = ({ lines, process: { name } }: WatchedProcess) =>
  until(`${name} to know that another leads`, () =>
    lines.some((line) => line.includes('lost the leader connection')) ? true : undefined,
  )

it('an API, a relay and a projector that freeze under orders are stood in for, and do no harm when they thaw', async () => {
  const system = await startSystem()
  const pool = openTestPool(system.databaseUrl, 2)
  closers.push(
    () => system.close(),
    () => pool.end(),
  )
  const { db } = system
  const models = { db, pool }
  // The relay leads, and has published what it has not marked; the projector has locked what it has not committed.
  const relay = startBeside(system, 'workers/relay.js', { FAILPOINTS: 'relay:after-publish=stop' })
  const projector = startBeside(system, 'workers/projector.js', {
    FAILPOINTS: 'projector:before-commit=stop',
  })
  const { process: front, api } = await startApi(system)
  const asked = ORDERS.map((key) => place(api, key))
  await Promise.race(asked)
  front.freeze()
  await Promise.all([front, relay, projector].map((each) => each.frozen()))

  const successors = ['workers/relay.js', 'workers/projector.js'].map((entry) => startBeside(system, entry))
  const ids = await Promise.all(
    ORDERS.map((key) => until('an order to be accepted', () => place(system.api, key))),
  )
  await expectOrdersCompleted(system, await Promise.all(ids.map((id) => system.api.ended(id))))
  await Promise.all(ids.map((id) => system.api.notified(id)))
  await caughtUp(models)
  await expectEachPublishedOnce(system)

  for (const each of [front, relay, projector]) each.thaw()
  const late = await Promise.all(asked)
  expect(late.map((id, index) => id ?? ids[index])).toEqual(ids)
  await Promise.all([relay, projector].map(lostItsOffice))
  const leaders = await db.$queryRaw`
    SELECT a.pid FROM pg_locks l JOIN pg_stat_activity a USING (pid)
     WHERE l.locktype = 'advisory' AND l.granted AND a.datname = current_database()
       AND a.application_name IN ('ordersaga-relay', 'ordersaga-projector')`
  expect(leaders).toHaveLength(2)

  // Whoever was frozen is as good as new: it now carries the whole way alone.
  for (const successor of successors) await successor.stop()
  const { id } = await api.place()
  await expectOrdersCompleted(system, [await api.ended(id)])
  await api.notified(id)
  await expectEachAppliedOnce(models)
  await expectEachPublishedOnce(system)
  expect(await db.order.count()).toBe(ORDERS.length + 1)
})
