import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  asEnvironment,
  isForDevelopment,
  isOpenMode,
  isSandboxAllowed,
  migratorDatabaseUrl,
  urlHost,
  type Config,
} from '../config.ts'
import { describeMigrated, migrate } from '../prisma/migrate.ts'
import { temporalTarget } from '../temporal.ts'
import { bundleFile } from '../workers/bundle.ts'
import { ROOT } from '../root.ts'
import { compileProcesses } from './compile.ts'
import { buildConsole } from './console.ts'
import type { LineWriter } from './console-log.ts'
import { keepRunning, type KeptServer, type Server } from './keep-running.ts'
import { startNats } from './nats.ts'
import { locateNatsServer } from './nats-server.ts'
import { COMPILED } from './places.ts'
import { requireHttpPort } from './ports.ts'
import { startPostgres } from './postgres.ts'
import { createProcessDesk } from './process-desk.ts'
import { requirePostgres } from './postgres-database.ts'
import { supervise, type Supervised } from './supervisor.ts'
import { locateTemporalCli } from './temporal-cli.ts'
import { requireTemporal, startTemporal } from './temporal.ts'

/** Two workers, so that one can be killed and the orders go on at once. */
const WORKERS = 2

/** Who serves metrics, each on the next port from METRICS_PORT. */
const MEASURED = ['api', ...workerNames(), 'relay', 'projector', 'choreography']

const READY_MAX_MS = 60_000

/** Starts a server, and starts it again when it dies. */
type Keep = <Started extends Server>(name: string, start: () => Promise<Started>) => Promise<Started>

export interface Stack {
  apiUrl: string
  /** Whether a request needs no credential. */
  isOpen: boolean
  sandboxUrl: string
  temporalUiUrl: string
  temporalAddress: string
  databaseUrl: string
  /** The same database, for the role that owns the tables. */
  migratorUrl: string
  /** Our own processes, by name. */
  processes: readonly Supervised[]
  /** Those of others that run here. */
  servers: readonly KeptServer[]
  /** Stops everything, in the order in which nothing is left waiting for what is already gone. */
  stop(): Promise<void>
}

/**
 * Brings the whole system up on this machine: PostgreSQL, Temporal and, where it is chosen, NATS, unless the
 * configuration names servers that run already, the schema, the sandbox, the API, the workers, the relay, the projector
 * and what runs choreographed orders.
 * @param stopping ends the start where it is.
 * @throws Error that says what to do; whatever had been started is stopped first.
 */
export async function startStack(
  config: Config,
  lines: LineWriter,
  stopping: AbortSignal = new AbortController().signal,
): Promise<Stack> {
  const log = lines('stack')
  const dataDir = path.resolve(config.DATA_DIR)
  const started: { stop(): Promise<void> }[] = []
  const stop = async () => {
    for (const part of started.splice(0).reverse()) await part.stop()
  }
  const hasSandbox = isSandboxAllowed(config)
  if (!hasSandbox)
    log('No sandbox, since NODE_ENV is production: providers without a URL are away. SANDBOX=on starts one.')
  const servers: KeptServer[] = []
  const keep: Keep = async (name, start) => {
    const { first, kept } = await keepRunning(name, start, log)
    servers.push(kept)
    started.push(kept)
    return first
  }
  try {
    await requireHttpPort(config.PORT, 'PORT', config.HOST)
    if (hasSandbox) await requireHttpPort(config.SANDBOX_PORT, 'SANDBOX_PORT', config.HOST)
    for (const name of config.METRICS_PORT === 0 ? [] : MEASURED) {
      await requireHttpPort(metricsPort(config, name), 'METRICS_PORT', config.HOST)
    }
    const [database, temporal, nats, bundle, compiled, console] = await allOrNone([
      providePostgres(config, dataDir, keep, log),
      provideTemporal(config, dataDir, keep, log),
      provideNats(config, dataDir, keep, log),
      bundleFile(COMPILED),
      compileProcesses(),
      config.CONSOLE_DIR ?? buildConsole(path.join(ROOT, '.cache')),
    ])
    stopping.throwIfAborted()
    log(describeMigrated(await migrate(database.migrator, { applicationUrl: database.application })))
    stopping.throwIfAborted()

    const env = asEnvironment({
      ...config,
      DATABASE_URL: database.application,
      // Set to nothing, so that no process reads it from `.env` either: the application has no use for it.
      MIGRATE_DATABASE_URL: config.MIGRATE_DATABASE_URL && '',
      TEMPORAL_ADDRESS: temporal.address,
      TEMPORAL_UI_URL: temporal.uiUrl,
      ...nats,
      DATA_DIR: dataDir,
      WORKFLOW_BUNDLE: bundle,
      CONSOLE_DIR: console,
      SANDBOX: config.SANDBOX ?? isForDevelopment(config),
    })
    const processes: Supervised[] = []
    const answer = createProcessDesk(() => [...processes, ...servers])
    const specs = [
      ...(hasSandbox ? [{ name: 'sandbox', entry: 'sandbox/server.js' }] : []),
      ...workerNames().map((name) => ({ name, entry: 'workers/worker.js' })),
      { name: 'relay', entry: 'workers/relay.js' },
      { name: 'projector', entry: 'workers/projector.js' },
      { name: 'choreography', entry: 'workers/choreography.js' },
      { name: 'api', entry: 'api/server.js', answer },
    ]
    for (const spec of specs)
      processes.push(
        supervise({
          ...spec,
          entry: path.join(compiled, spec.entry),
          env: {
            ...env,
            METRICS_PORT: String(metricsPort(config, spec.name)),
            // Nobody else has a use for it.
            ...(spec.name === 'api' || config.BOOTSTRAP_ADMIN_KEY === undefined
              ? {}
              : { BOOTSTRAP_ADMIN_KEY: '' }),
          },
          onLine: lines(spec.name),
        }),
      )
    started.push({ stop: () => stopProcesses(processes) })
    const apiUrl = `http://${urlHost(config)}:${config.PORT}`
    const sandboxUrl = `http://${urlHost(config)}:${config.SANDBOX_PORT}`
    const requireUsable = () => {
      const unusable = processes.find((process) => process.isUnusable())
      if (unusable !== undefined) throw new Error(`${unusable.name} cannot work like this. ${SETTINGS}`)
    }
    const probes = [`${apiUrl}/readyz`, ...(hasSandbox ? [`${sandboxUrl}/livez`] : [])]
    await Promise.all(probes.map((url) => answering(url, stopping, requireUsable)))
    return {
      apiUrl,
      isOpen: isOpenMode(config),
      sandboxUrl,
      temporalUiUrl: temporal.uiUrl,
      temporalAddress: temporal.address,
      databaseUrl: database.application,
      migratorUrl: database.migrator,
      processes,
      servers,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

function workerNames(): string[] {
  return Array.from({ length: WORKERS }, (_, index) => `worker-${index + 1}`)
}

/** 0 is nowhere. */
function metricsPort({ METRICS_PORT }: Config, name: string): number {
  const offset = MEASURED.indexOf(name)
  return METRICS_PORT === 0 || offset === -1 ? 0 : METRICS_PORT + offset
}

/** The API first, so that nothing new comes in; then the workers, with their orders in progress; the world last. */
async function stopProcesses(processes: readonly Supervised[]): Promise<void> {
  const last = processes.filter(({ name }) => name === 'sandbox')
  await Promise.all(processes.filter((process) => !last.includes(process)).map((process) => process.stop()))
  await Promise.all(last.map((process) => process.stop()))
}

async function providePostgres(
  config: Config,
  dataDir: string,
  keep: Keep,
  log: (line: string) => void,
): Promise<{ application: string; migrator: string }> {
  const { DATABASE_URL, MIGRATE_DATABASE_URL } = config
  if (DATABASE_URL === undefined) {
    const { urls } = await keep('PostgreSQL', () =>
      startPostgres({
        dataDir: path.join(dataDir, 'postgres'),
        port: config.POSTGRES_PORT,
        database: 'ordersaga',
        log,
      }),
    )
    return urls
  }
  await requirePostgres(DATABASE_URL, 'DATABASE_URL')
  if (MIGRATE_DATABASE_URL !== undefined) await requirePostgres(MIGRATE_DATABASE_URL, 'MIGRATE_DATABASE_URL')
  return { application: DATABASE_URL, migrator: migratorDatabaseUrl(config) }
}

async function provideTemporal(
  config: Config,
  dataDir: string,
  keep: Keep,
  log: (line: string) => void,
): Promise<{ address: string; uiUrl: string }> {
  const uiUrl = config.TEMPORAL_UI_URL ?? `http://127.0.0.1:${config.TEMPORAL_UI_PORT}`
  if (config.TEMPORAL_ADDRESS !== undefined) {
    const target = temporalTarget(config)
    await requireTemporal(target, config.TEMPORAL_NAMESPACE)
    return { address: target.address, uiUrl }
  }
  const cli = await locateTemporalCli(config, log)
  return keep('Temporal', () =>
    startTemporal({
      cli,
      port: config.TEMPORAL_PORT,
      uiPort: config.TEMPORAL_UI_PORT,
      namespace: config.TEMPORAL_NAMESPACE,
      dataDir: path.join(dataDir, 'temporal'),
    }),
  )
}

/** Only where NATS is to carry the events. */
async function provideNats(
  config: Config,
  dataDir: string,
  keep: Keep,
  log: (line: string) => void,
): Promise<Pick<Config, 'NATS_URL'>> {
  if (config.EVENT_TRANSPORT !== 'nats' || config.NATS_URL !== undefined) return {}
  const server = await locateNatsServer(config, log)
  const nats = await keep('NATS', () =>
    startNats({ server, port: config.NATS_PORT, dataDir: path.join(dataDir, 'nats') }),
  )
  return { NATS_URL: nats.url }
}

/** Like Promise.all, but a failure waits for the others, so that what they started is known when it is stopped. */
async function allOrNone<T extends readonly unknown[]>(work: {
  [Index in keyof T]: T[Index] | Promise<T[Index]>
}): Promise<T> {
  const settled = await Promise.allSettled(work)
  const failed = settled.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  return settled.map((result) => (result.status === 'fulfilled' ? result.value : undefined)) as unknown as T
}

/** For who has not read the lines of the processes. */
const SETTINGS =
  'The lines above say what to set: for the API to be used by others, BOOTSTRAP_ADMIN_KEY, or AUTH_JWKS_URL.'

async function answering(url: string, stopping: AbortSignal, requireUsable: () => void): Promise<void> {
  for (let waitedMs = 0; waitedMs < READY_MAX_MS; waitedMs += 100) {
    stopping.throwIfAborted()
    requireUsable()
    const isReady = await fetch(url).then(
      (response) => response.ok,
      () => false,
    )
    if (isReady) return
    await sleep(100)
  }
  throw new Error(`${url} did not answer within ${READY_MAX_MS / 1000} s: the lines above say why.`)
}
