import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { freePort } from '../../stack/ports.ts'
import { supervise, type Supervised } from '../../stack/supervisor.ts'
import { createApiClient, type ApiClient } from '../harness/api-client.ts'
import { killHard } from '../harness/kill.ts'
import { expectEnded, placeMixed } from '../harness/mixed-orders.ts'
import { until } from '../harness/poll.ts'
import { compiled, createTestDatabase } from '../harness/start.ts'
import { answering } from '../harness/served.ts'
import { startWorld } from '../harness/world.ts'

/** More than one of every process, as several machines would run them. */
const FLEET = {
  api: { entry: 'api/server.js', count: 2 },
  worker: { entry: 'workers/worker.js', count: 3 },
  relay: { entry: 'workers/relay.js', count: 2 },
  projector: { entry: 'workers/projector.js', count: 2 },
  choreography: { entry: 'workers/choreography.js', count: 2 },
} as const

const ORDERS = 60
const KILLS = 12

const closers: (() => unknown)[] = []
const fleet: Supervised[] = []
const apis: ApiClient[] = []
const urls: string[] = []

beforeAll(async () => {
  const servers = inject('servers')
  const folder = await mkdtemp(path.join(os.tmpdir(), 'ordersaga-fleet-'))
  closers.push(() => rm(folder, { recursive: true, force: true }))
  const database = await createTestDatabase()
  closers.push(() => database.close())
  const world = await startWorld((_request, _response, next) => next())
  closers.push(() => world.kill())
  const common = {
    DATABASE_URL: database.url,
    DATABASE_POOL: '4',
    TEMPORAL_ADDRESS: servers.temporalAddress,
    TASK_QUEUE_PREFIX: `fleet-${await freePort()}`,
    WORKFLOW_BUNDLE: servers.bundle,
    SANDBOX_URL: world.url,
    DATA_DIR: folder,
    METRICS_PORT: '0',
  }
  for (const [name, { entry, count }] of Object.entries(FLEET))
    for (let n = 1; n <= count; n += 1) {
      const port = await freePort()
      const env = { ...common, PORT: String(port) }
      fleet.push(supervise({ name: `${name}-${n}`, entry: compiled(entry), env, onLine: () => undefined }))
      if (name !== 'api') continue
      urls.push(`http://127.0.0.1:${port}`)
      apis.push(createApiClient(`http://127.0.0.1:${port}`, world.url))
    }
  closers.push(() => Promise.all(fleet.map((process) => process.stop())))
  await allReady()
}, 120_000)

async function allReady(): Promise<void> {
  for (const url of urls) await answering(`${url}/readyz`)
}

afterAll(async () => {
  for (const close of closers.toReversed()) await close()
})

it(`${ORDERS} orders end as they should at ${Object.values(FLEET).reduce((sum, { count }) => sum + count, 0)} processes that are killed at random, and each API shows all of them`, async () => {
  const killing = async () => {
    for (let n = 0; n < KILLS; n += 1) {
      await sleep(200 + Math.random() * 800)
      const victim = fleet[Math.floor(Math.random() * fleet.length)]
      if (victim !== undefined) await killHard(victim.name, () => victim.pid())
    }
  }
  const [placed] = await Promise.all([placeMixed(apis, ORDERS, ['orchestration', 'choreography']), killing()])
  expect(placed.length).toBe(ORDERS)
  await allReady()
  for (const api of apis) await expectEnded(api, placed)
  // The read model of a customer's orders is behind by the relay and the projector that lead now.
  for (const api of apis)
    await until('each order to be in the read model', async () => {
      const { data } = await api.get<{ data: { id: string; status: string }[] }>(
        '/customers/cus_alice/orders?limit=100',
      )
      const shown = new Map(data.map(({ id, status }) => [id, status]))
      return placed.every(({ id, status }) => shown.get(id) === status) ? true : undefined
    })
})
