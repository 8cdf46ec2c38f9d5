import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { Client, Connection } from '@temporalio/client'
import pino from 'pino'
import type pg from 'pg'
import { inject } from 'vitest'
import { watchClocks } from '../../clock-skew.ts'
import { createDiskMetrics } from '../../disk.ts'
import { createClocks } from '../../dispatch/clocks.ts'
import { createMetrics, serveMetrics } from '../../metrics.ts'
import { freePort } from '../../stack/ports.ts'
import { createApiClient, type ApiClient } from './api-client.ts'
import { startNatsBroker, type Broker } from './brokers.ts'
import { openTestPool, type TestDatabase } from './database.ts'
import type { Target } from './prometheus.ts'
import { answering } from './served.ts'
import { compiled, createTestDatabase } from './start.ts'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'
import { startWatchedProcess, type WatchedProcess } from './watched-process.ts'
import { startWorld, type World } from './world.ts'

const ENTRIES = {
  api: 'api/server.js',
  worker: 'workers/worker.js',
  relay: 'workers/relay.js',
  projector: 'workers/projector.js',
  choreography: 'workers/choreography.js',
} as const

export type ProcessName = keyof typeof ENTRIES

export const PROCESS_NAMES = Object.keys(ENTRIES) as ProcessName[]

/** The processes of `npm start` over lines that can be cut, each with its own metrics, and a host in trouble beside them. */
export interface WatchedSystem {
  api: ApiClient
  world: World
  broker: Broker
  database: TestDatabase
  /** The database as its superuser. */
  admin: pg.Pool
  client: Client
  /** Between the API and the servers. */
  lines: Record<'database' | 'temporal', TcpProxy>
  processes: Record<ProcessName, WatchedProcess>
  /** A host whose clock and whose disk can be wrong: what a process measures of them, served as processes do. */
  host: { aheadMs: number; freePart: number }
  targets: readonly Target[]
  kill(name: ProcessName): Promise<void>
  /** Starts a process that was killed, on the same port. */
  restart(name: ProcessName): void
  close(): Promise<void>
}

/** @param env settings of every process, beside those that lead it to its servers. */
export async function startWatchedSystem(env: Readonly<Record<string, string>>): Promise<WatchedSystem> {
  const closers: (() => unknown)[] = []
  const servers = inject('servers')
  const folder = await mkdtemp(path.join(os.tmpdir(), 'ordersaga-watched-'))
  closers.push(() => rm(folder, { recursive: true, force: true }))
  const database = await createTestDatabase()
  const admin = openTestPool(database.adminUrl, 4)
  closers.push(
    () => database.close(),
    () => admin.end(),
  )
  const broker = await startNatsBroker()
  closers.push(() => broker.close())
  const world = await startWorld((_request, _response, next) => next())
  closers.push(() => world.kill())
  const lineTo = async (host: string, port: number) => {
    const line = await startTcpProxy({ host, port })
    closers.push(() => line.close())
    return line
  }
  const databaseUrl = new URL(database.url)
  const [temporalHost = '', temporalPort] = servers.temporalAddress.split(':')
  const lines = {
    database: await lineTo(databaseUrl.hostname, Number(databaseUrl.port)),
    temporal: await lineTo(temporalHost, Number(temporalPort)),
  }
  const throughLine = new URL(database.url)
  throughLine.port = String(lines.database.port)
  const port = await freePort()
  const prefix = `watched-${port}`
  const ports = Object.fromEntries(
    await Promise.all(PROCESS_NAMES.map(async (name) => [name, await freePort()])),
  ) as Record<ProcessName, number>
  const common = {
    DATABASE_URL: database.url,
    DATABASE_POOL: '4',
    TEMPORAL_ADDRESS: servers.temporalAddress,
    TASK_QUEUE_PREFIX: prefix,
    WORKFLOW_BUNDLE: servers.bundle,
    SANDBOX_URL: world.url,
    EVENT_TRANSPORT: 'nats',
    NATS_URL: broker.settings.kind === 'nats' ? broker.settings.url : '',
    DATA_DIR: folder,
    ...env,
  }
  const ofApi = {
    PORT: String(port),
    DATABASE_URL: throughLine.href,
    TEMPORAL_ADDRESS: `127.0.0.1:${lines.temporal.port}`,
  }
  const start = (name: ProcessName) =>
    startWatchedProcess({
      name,
      entry: compiled(ENTRIES[name]),
      env: { ...common, ...(name === 'api' ? ofApi : {}), METRICS_PORT: String(ports[name]) },
    })
  const processes = Object.fromEntries(PROCESS_NAMES.map((name) => [name, start(name)])) as Record<
    ProcessName,
    WatchedProcess
  >
  closers.push(() => Promise.all(Object.values(processes).map((each) => each.stop())))
  const connection = await Connection.connect({ address: servers.temporalAddress })
  closers.push(() => connection.close())

  const host = { aheadMs: 0, freePart: 0.5 }
  const hostMetrics = createMetrics()
  const hostPort = await freePort()
  closers.push(await serveMetrics(hostMetrics, { host: '127.0.0.1', port: hostPort }))
  createDiskMetrics(hostMetrics, folder, async () => ({
    bavail: 1000 * host.freePart,
    blocks: 1000,
    bsize: 4096,
  }))
  closers.push(
    watchClocks({
      clocks: createClocks({
        db: database.db,
        connection,
        namespace: 'default',
        taskQueue: `${prefix}.clock`,
      }),
      metrics: hostMetrics,
      log: pino({ level: 'silent' }),
      now: () => Date.now() + host.aheadMs,
      intervalMs: 500,
    }),
  )

  const api = createApiClient(`http://127.0.0.1:${port}`, world.url)
  await answering(`http://127.0.0.1:${port}/readyz`)
  await Promise.all(PROCESS_NAMES.filter((name) => name !== 'api').map((name) => processes[name].working()))
  return {
    api,
    world,
    broker,
    database,
    admin,
    client: new Client({ connection }),
    lines,
    processes,
    host,
    targets: [
      ...PROCESS_NAMES.map((name) => ({ process: name, port: ports[name] })),
      { process: 'worker', port: hostPort },
    ],
    async kill(name) {
      const pid = processes[name].process.pid()
      if (pid !== undefined) process.kill(pid, 'SIGKILL')
      await processes[name].died()
    },
    restart(name) {
      processes[name] = start(name)
    },
    async close() {
      for (const close of closers.toReversed()) await close()
    },
  }
}
