import { spawn, spawnSync } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Connection } from '@temporalio/client'
import { msToTs } from '@temporalio/common/lib/time.js'
import { childEnvironment } from '../../config.ts'
import { guard } from '../../stack/guard.ts'
import { stopPid } from '../../stack/pids.ts'
import { installWithGo } from '../../stack/locate.ts'
import { CACHE } from '../../stack/places.ts'
import { freePort } from '../../stack/ports.ts'
import { startPostgres } from '../../stack/postgres.ts'
import { LIFTED_LIMITS, requireTemporal } from '../../stack/temporal.ts'

/** The server that is in the CLI of `npm start`: the two differ in where they keep histories. */
const VERSION = '1.29.1'
/** From the checksum database of Go. */
const MODULE_SUM = 'h1:sgiMveg/8e51lA62pWb9VzC5WTRitKFyT6XsjonHUhE='

/** The default of Temporal's own container images. */
const SHARDS = 4
const CONNECTIONS = 20
const READY_MAX_MS = 60_000

/** The databases of a Temporal server, and the version of the schema that is in its tool. */
const DATABASES = [
  { name: 'temporal', schema: 'postgresql/v12/temporal' },
  { name: 'temporal_visibility', schema: 'postgresql/v12/visibility' },
] as const

export interface TemporalOnPostgres {
  address: string
  pid: number
  postgresPid: number
  /** The superuser's, of the database of histories. */
  adminUrl: string
  stop(): Promise<void>
}

/**
 * A Temporal server that keeps its histories in a PostgreSQL of its own, on free ports; its data goes when it stops.
 * The limits of its dynamic configuration are lifted as those of the development server are.
 */
export async function startTemporalOnPostgres(
  folder: string,
  log: (line: string) => void,
): Promise<TemporalOnPostgres> {
  const server = await build('server', 'cmd/server', log)
  const tool = await build('sql', 'cmd/tools/sql', log)
  const postgres = await startPostgres({
    dataDir: path.join(folder, 'temporal-postgres'),
    database: 'temporal',
    port: await freePort(),
    log,
  })
  try {
    const url = new URL(postgres.urls.admin)
    for (const { name, schema } of DATABASES) createSchema(tool, url, name, schema)
    const ports = await Promise.all(Array.from({ length: 8 }, freePort))
    const config = path.join(folder, 'temporal-config')
    await mkdir(config, { recursive: true })
    await writeFile(path.join(config, 'limits.yaml'), LIMITS)
    await writeFile(
      path.join(config, 'bench.yaml'),
      configuration(url, ports, path.join(config, 'limits.yaml')),
    )
    const logFile = openSync(path.join(folder, 'temporal.log'), 'a')
    const child = spawn(
      server,
      ['--root', folder, '--config', 'temporal-config', '--env', 'bench', 'start'],
      {
        env: childEnvironment({}),
        stdio: ['ignore', logFile, logFile],
      },
    )
    closeSync(logFile)
    // With the bench, however that ends.
    guard(child, 'SIGTERM')
    const { pid } = child
    if (pid === undefined) throw new Error('The Temporal server has no process id.')
    const address = `127.0.0.1:${ports[0]}`
    try {
      await createNamespace(address)
    } catch (error) {
      await stopPid(pid, ['SIGKILL'])
      const tail = readFileSync(path.join(folder, 'temporal.log'), 'utf8').slice(-2000)
      throw new Error(`The Temporal server did not start:\n${tail}`, { cause: error })
    }
    return {
      address,
      pid,
      postgresPid: postgres.pid,
      adminUrl: postgres.urls.admin,
      async stop() {
        await stopPid(pid, ['SIGTERM', 'SIGKILL'])
        await postgres.stop({ remove: true })
      },
    }
  } catch (error) {
    await postgres.stop({ remove: true })
    throw error
  }
}

/** A program of the Temporal server, built with Go once. @throws Error that says what to install. */
async function build(command: string, folder: string, log: (line: string) => void): Promise<string> {
  const cached = path.join(CACHE, `temporal-${command}-v${VERSION}`)
  if (existsSync(cached)) return cached
  const source = {
    module: `go.temporal.io/server/${folder}@v${VERSION}`,
    sum: MODULE_SUM,
    command,
    title: `building ${folder} of the Temporal server with Go, once, which takes some minutes`,
  }
  return installWithGo(source, cached, log)
}

/** @throws Error with what the tool has printed. */
function createSchema(
  tool: string,
  { hostname, port, username, password }: URL,
  database: string,
  schema: string,
) {
  const options = { plugin: 'postgres12', endpoint: hostname, port, user: username, password, database }
  const connection = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])
  const steps = [
    ...(database === DATABASES[0].name ? [] : [['create-database']]),
    ['setup-schema', '--version', '0.0'],
    ['update-schema', '--schema-name', schema],
  ]
  for (const step of steps) {
    const { status, stdout, stderr } = spawnSync(tool, [...connection, ...step], { encoding: 'utf8' })
    if (status !== 0)
      throw new Error(`temporal-sql-tool ${step[0]} failed:\n${stdout}${stderr}`.slice(0, 2000))
  }
}

const LIMITS = Object.entries(LIFTED_LIMITS)
  .map(([key, limit]) => `${key}:\n  - value: ${limit}\n`)
  .join('')

/** Of all four services in one process. JSON is YAML. */
function configuration(url: URL, ports: readonly number[], limitsFile: string): string {
  const store = (databaseName: string) => ({
    sql: {
      pluginName: 'postgres12',
      databaseName,
      connectAddr: url.host,
      connectProtocol: 'tcp',
      user: url.username,
      password: url.password,
      maxConns: CONNECTIONS,
      maxIdleConns: CONNECTIONS,
    },
  })
  const services = ['frontend', 'history', 'matching', 'worker'].map((name, n) => [
    name,
    { rpc: { grpcPort: ports[n], membershipPort: ports[n + 4], bindOnIP: '127.0.0.1' } },
  ])
  return JSON.stringify({
    log: { stdout: true, level: 'error' },
    persistence: {
      defaultStore: 'histories',
      visibilityStore: 'visibility',
      numHistoryShards: SHARDS,
      datastores: { histories: store(DATABASES[0].name), visibility: store(DATABASES[1].name) },
    },
    global: { membership: { maxJoinDuration: '30s', broadcastAddress: '127.0.0.1' } },
    services: Object.fromEntries(services) as object,
    clusterMetadata: {
      enableGlobalNamespace: false,
      failoverVersionIncrement: 10,
      masterClusterName: 'active',
      currentClusterName: 'active',
      clusterInformation: {
        active: {
          enabled: true,
          initialFailoverVersion: 1,
          rpcName: 'frontend',
          rpcAddress: `127.0.0.1:${ports[0]}`,
        },
      },
    },
    dcRedirectionPolicy: { policy: 'noop' },
    publicClient: { hostPort: `127.0.0.1:${ports[0]}` },
    dynamicConfigClient: { filepath: limitsFile, pollInterval: '60s' },
  })
}

async function createNamespace(address: string): Promise<void> {
  const connection = Connection.lazy({ address })
  try {
    for (let waitedMs = 0; ; waitedMs += 200) {
      try {
        await connection.withDeadline(Date.now() + 2000, () =>
          connection.workflowService.registerNamespace({
            namespace: 'default',
            workflowExecutionRetentionPeriod: msToTs('3 days'),
          }),
        )
        break
      } catch (error) {
        if (waitedMs >= READY_MAX_MS) throw error
        await sleep(200)
      }
    }
  } finally {
    await connection.close()
  }
  // Its services learn of a namespace some seconds later.
  await requireTemporal({ address }, 'default')
}
