import path from 'node:path'
import { Client } from '@temporalio/client'
import {
  bootstrapAdminKey,
  identityFault,
  isOpenMode,
  providerUrls,
  queueName,
  readConfig,
  requireDatabaseUrl,
  sandboxUrl,
  tokenIssuer,
} from '../config.ts'
import { temporalTarget } from '../temporal.ts'
import { onShutdown } from '../lifecycle.ts'
import { createLogger, createTroubleLog } from '../logger.ts'
import { createMetrics, serveMetrics } from '../metrics.ts'
import { openPool, PLANNED_FOR_ITS_VALUES, PROBE } from '../postgres.ts'
import { openDatabase } from '../prisma/client.ts'
import { requireRelease } from '../prisma/require-release.ts'
import { readVersion } from '../root.ts'
import { startTracing } from '../start-tracing.ts'
import { askSupervisor } from '../supervision.ts'
import { createApp } from './app.ts'
import { describing } from './document.ts'
import { HTTP_TIMES, serveHttp } from './http-server.ts'
import { createIdentity } from './identity/identity.ts'
import { watchInvariants } from './invariant-watch.ts'
import { requireKey } from './identity/require-a-key.ts'
import { createEndpoints } from './resources/index.ts'
import { createSandboxClient } from './sandbox-client.ts'
import { createApiServices } from './services.ts'
import { watchClocks } from '../clock-skew.ts'
import { createDiskMetrics } from '../disk.ts'
import { INVARIANTS_MAX_MS } from '../domain/operations/invariants.ts'
import { createClocks } from '../dispatch/clocks.ts'
import { connectLazily } from '../dispatch/connection.ts'
import { sweepRegularly } from '../dispatch/sweep.ts'
import { traceStarts } from '../dispatch/trace-starts.ts'

/** Connections for all but orders, each apart from those of the orders. */
const READ_CONNECTIONS = 4
const DISPATCH_CONNECTIONS = 4
const STREAM_CONNECTIONS = 2
const CHECK_CONNECTIONS = 1

const config = readConfig()
const log = createLogger('api', config)
const stopTracing = await startTracing('api', config, createTroubleLog(log))
await requireRelease(requireDatabaseUrl(config), log)
const db = openDatabase(requireDatabaseUrl(config), config.DATABASE_POOL)
const dispatchDb = openDatabase(requireDatabaseUrl(config), DISPATCH_CONNECTIONS, {
  name: 'ordersaga-dispatch',
})
const streamDb = openDatabase(requireDatabaseUrl(config), STREAM_CONNECTIONS, { name: 'ordersaga-streams' })
const checkDb = openDatabase(requireDatabaseUrl(config), CHECK_CONNECTIONS, {
  name: 'ordersaga-invariants',
  statementTimeoutMs: INVARIANTS_MAX_MS,
})
const reads = openPool(requireDatabaseUrl(config), {
  max: READ_CONNECTIONS,
  name: 'ordersaga-reads',
  settings: PLANNED_FOR_ITS_VALUES,
})
const probe = openPool(requireDatabaseUrl(config), { ...PROBE, name: 'ordersaga-ready' })
const metrics = createMetrics()
createDiskMetrics(metrics, path.resolve(config.DATA_DIR))
const closeMetrics = await serveMetrics(metrics, { host: config.HOST, port: config.METRICS_PORT })

const connection = connectLazily(temporalTarget(config))
const services = createApiServices({
  db,
  dispatchDb,
  streamDb,
  checkDb,
  reads,
  log,
  client: new Client({
    connection,
    namespace: config.TEMPORAL_NAMESPACE,
    interceptors: { workflow: [traceStarts] },
  }),
  queueOf: (participant) => queueName(config, participant),
  workflowTaskTimeoutMs: config.WORKFLOW_TASK_TIMEOUT_MS,
  input: { queued: config.DISPATCH_QUEUE, pace: config.SAGA_PACE },
  orphanAfterSeconds: config.ORPHAN_AFTER_SECONDS,
  personalDataDays: config.PERSONAL_DATA_DAYS,
  metrics,
  providers: providerUrls(config),
  temporal: {
    uiUrl: config.TEMPORAL_UI_URL ?? `http://127.0.0.1:${config.TEMPORAL_UI_PORT}`,
    namespace: config.TEMPORAL_NAMESPACE,
    traceUiUrl: config.TRACE_UI_URL,
  },
  intakeMax: config.INTAKE_MAX,
  streamsMax: config.STREAMS_MAX,
  streamsPerAddressMax: config.STREAMS_PER_ADDRESS_MAX,
})

const ending = new AbortController()
const development =
  config.SANDBOX === true
    ? { sandbox: createSandboxClient(sandboxUrl(config)), supervisor: askSupervisor(process) }
    : undefined
const [bootstrapKey, issuer] = [bootstrapAdminKey(config), tokenIssuer(config)]
const identity = createIdentity({
  db,
  metrics,
  isOpen: isOpenMode(config),
  bootstrapKey,
  issuer,
  onTrouble: createTroubleLog(log),
})
const isWithoutKeys = identity.isOpen || issuer !== undefined
await requireKey({ fault: identityFault(config), isWithoutKeys }, identity.keys, log)
const endpoints = createEndpoints({ ...services, identity, probe, ending: ending.signal, development })
const app = createApp({
  endpoints,
  trustProxy: config.TRUST_PROXY,
  limits: {
    perSecond: config.RATE_LIMIT_PER_SECOND,
    customerWritesPerSecond: config.CUSTOMER_WRITES_PER_SECOND,
  },
  identity,
  edge: { allowedHosts: config.ALLOWED_HOSTS, host: config.HOST, origins: config.CORS_ORIGINS },
  consoleDir: config.CONSOLE_DIR,
  document: describing(endpoints, readVersion()),
  log,
  metrics,
  isTraced: config.OTEL_EXPORTER_OTLP_ENDPOINT !== undefined,
})
const server = await serveHttp(
  app,
  { host: config.HOST, port: config.PORT },
  {
    ...HTTP_TIMES,
    connectionsMax: config.CONNECTIONS_MAX,
    connectionsPerAddressMax: config.CONNECTIONS_PER_ADDRESS_MAX,
  },
)
services.starter.run()
const stopSweeping = sweepRegularly({ ...services.jobs, sessions: identity.sessions.purge }, log)
const stopClocks = watchClocks({
  clocks: createClocks({
    db,
    connection,
    namespace: config.TEMPORAL_NAMESPACE,
    taskQueue: queueName(config, 'clock'),
  }),
  metrics,
  log,
})
const stopInvariants = watchInvariants({
  url: requireDatabaseUrl(config),
  check: services.invariants.check,
  metrics,
  intervalMs: config.INVARIANTS_INTERVAL_SECONDS * 1000,
  onTrouble: createTroubleLog(log),
})
log.info({ port: config.PORT }, 'accepting orders')

onShutdown(log, config.SUPERVISED, async () => {
  ending.abort()
  await server.close()
  await Promise.all([stopSweeping(), services.starter.stop(), stopClocks(), stopInvariants()])
  closeMetrics()
  await connection.close()
  await reads.end()
  await probe.end()
  for (const each of [dispatchDb, streamDb, checkDb, db]) await each.$disconnect()
  await stopTracing()
})
