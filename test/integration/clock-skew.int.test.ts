import { Connection, type ConnectionLike } from '@temporalio/client'
import { NativeConnection } from '@temporalio/worker'
import pino from 'pino'
import { Registry } from 'prom-client'
import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest'
import { measureSkew, watchClocks } from '../../clock-skew.ts'
import { createClocks } from '../../dispatch/clocks.ts'
import { freePort } from '../../stack/ports.ts'
import { until } from '../harness/poll.ts'
import { compiled, createTestDatabase, startSystem } from '../harness/start.ts'
import { startWatchedProcess } from '../harness/watched-process.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

let databaseUrl: string
let clocksOver: (connection: ConnectionLike) => ReturnType<typeof createClocks>
beforeEach(async () => {
  const test = await createTestDatabase()
  closers.push(() => test.close())
  databaseUrl = test.url
  clocksOver = (connection) =>
    createClocks({ db: test.db, connection, namespace: 'default', taskQueue: 'test.clock' })
})

const { temporalAddress } = inject('servers')

async function connectWorker(): Promise<NativeConnection> {
  const connection = await NativeConnection.connect({ address: temporalAddress })
  closers.push(() => connection.close())
  return connection
}

async function connect(): Promise<Connection> {
  const connection = await Connection.connect({ address: temporalAddress })
  closers.push(() => connection.close())
  return connection
}

/** All servers of a test run have one clock; how wrong a reading can be is said with it. */
const SAME_SECONDS = 1

describe.each([-10, 10])('a host whose clock is %i minutes off', (minutes) => {
  const now = () => Date.now() + minutes * 60_000

  it('measures it by the database and by Temporal, warns of both, and shows it', async () => {
    const metrics = new Registry()
    type Warning = { clock: string; skewSeconds: number; uncertaintySeconds: number }
    const warnings: Warning[] = []
    const write = (line: string) => void warnings.push(JSON.parse(line) as Warning)
    const log = pino({ level: 'warn' }, { write })
    closers.push(watchClocks({ clocks: clocksOver(await connect()), metrics, log, now }))
    await until('both warnings', () => (warnings.length === 2 ? true : undefined))
    expect(warnings.map(({ clock }) => clock).toSorted()).toEqual(['database', 'temporal'])
    const text = await metrics.metrics()
    for (const { clock, skewSeconds, uncertaintySeconds } of warnings) {
      expect(Math.abs(skewSeconds + minutes * 60) - uncertaintySeconds).toBeLessThan(SAME_SECONDS)
      expect(text).toContain(`ordersaga_clock_skew_seconds{clock="${clock}"} ${skewSeconds}`)
    }
  })

  it('places and runs an order as any other: it is not past its deadline', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: now(), shouldAdvanceTime: true })
    closers.push(async () => vi.useRealTimers())
    const system = await startSystem()
    closers.push(() => system.close())
    const { id } = await system.api.place({ deadlineSeconds: 300 })
    expect(await system.api.ended(id)).toMatchObject({ status: 'completed', reason: null })
  })
})

it.each([
  ['a client', connect],
  ['a worker', connectWorker],
])('the clock of Temporal is read to the second over the connection of %s', async (_whose, open) => {
  const { temporal } = clocksOver(await open())
  const { skewMs } = await until('a reading that was not held up', async () => {
    const skew = await measureSkew(temporal)
    return skew.uncertaintyMs < 500 ? skew : undefined
  })
  expect(Math.abs(skewMs) / 1000).toBeLessThan(SAME_SECONDS)
})

it.each(['api/server.js', 'workers/worker.js'])(
  'the process of %s shows the clocks in its metrics',
  async (entry) => {
    const port = await freePort()
    const process_ = startWatchedProcess({
      name: entry,
      entry: compiled(entry),
      args: [],
      env: {
        DATABASE_URL: databaseUrl,
        DATABASE_POOL: '2',
        TEMPORAL_ADDRESS: temporalAddress,
        TASK_QUEUE_PREFIX: `clocks-${port}`,
        WORKFLOW_BUNDLE: inject('servers').bundle,
        PORT: '0',
        METRICS_PORT: String(port),
      },
    })
    closers.push(() => process_.stop())
    for (const clock of ['database', 'temporal']) {
      const figure = new RegExp(`^ordersaga_clock_skew_seconds\\{clock="${clock}"\\} (-?[0-9.e-]+)$`, 'm')
      const seconds = await until(`the clock of ${clock}`, async () => {
        const text = await fetch(`http://127.0.0.1:${port}/metrics`).then(
          (response) => response.text(),
          () => '',
        )
        return figure.exec(text)?.[1]
      })
      expect(Math.abs(Number(seconds))).toBeLessThan(2 * SAME_SECONDS)
    }
  },
)
