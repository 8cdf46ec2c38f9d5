import { Client } from '@temporalio/client'
import { NativeConnection } from '@temporalio/worker'
import express from 'express'
import type { Logger } from 'pino'
import { Registry } from 'prom-client'
import { createApp, type AppOptions } from '../../api/app.ts'
import { createIdentity, type IdentityWiring } from '../../api/identity/identity.ts'
import { HTTP_TIMES, serveHttp, type HttpLimits } from '../../api/http-server.ts'
import { createEndpoints } from '../../api/resources/index.ts'
import type { Contracts } from '../../api/contracts.ts'
import { createApiServices } from '../../api/services.ts'
import { createSandboxClient } from '../../api/sandbox-client.ts'
import { connectLazily } from '../../dispatch/connection.ts'
import { sweepRegularly } from '../../dispatch/sweep.ts'
import { traceStarts } from '../../dispatch/trace-starts.ts'
import { createDependencies } from '../../domain/operations/dependencies.ts'
import { INVARIANTS_MAX_MS } from '../../domain/operations/invariants.ts'
import type { Participant } from '../../domain/participants.ts'
import type { Reconciler } from '../../domain/reconciliation/reconciler.ts'
import type { LocalPermits } from '../../domain/provider/permits.ts'
import type { Reach } from '../../domain/saga/step.ts'
import { openPool, PROBE } from '../../postgres.ts'
import { openDatabase, type Database } from '../../prisma/client.ts'
import { createAttemptMetrics } from '../../workers/attempt-metrics.ts'
import { runWorkers, type RunningWorkers } from '../../workers/run-workers.ts'
import { reportProviders } from '../../workers/provider-watch.ts'
import { readConfig } from '../../config.ts'
import { createLogger, createTroubleLog, describeError } from '../../logger.ts'
import { installRuntime } from '../../workers/runtime.ts'
import { reactionsWiring } from '../../workers/reactions-wiring.ts'
import { createReconciliationMetrics } from '../../workers/reconciliation-metrics.ts'
import { createServices, type ReconcilerSettings } from '../../workers/wiring.ts'
import type { SagaInput } from '../../workflows/saga/contract.ts'
import { perProvider, type PerProvider } from '../../providers.ts'
import type { Supervisor } from '../../supervision.ts'
import { createAnswerCheck } from './answer-check.ts'
import { createApiClient, type ApiClient } from './api-client.ts'
import { createDatabase, openTestPool, PATIENTLY, type TestDatabase } from './database.ts'
import { documentOf } from './document.ts'
import { startReactors } from './reactors.ts'
import { startEventFlow, type EventFlow, type EventFlowOptions } from './event-flow.ts'
import type { Servers } from './servers.ts'
import { startWorld, type World } from './world.ts'
import { createInterfering, type Interferences } from './interference.ts'

/** The whole system in one process, against real servers: API, workers, sandbox, each with its own ports and data. */
export interface System {
  api: ApiClient
  apiUrl: string
  sandboxUrl: string
  world: World
  db: Database
  databaseUrl: string
  /** The role that owns the tables. */
  migratorUrl: string
  /** The same database, as the superuser. */
  admin: Database
  adminUrl: string
  client: Client
  interferences: Interferences
  /** How the breakers have moved, e.g. `payment open`. */
  breakerMoves: readonly string[]
  /** The reads that were sent twice, and those that the second copy answered, e.g. `payment sent`. */
  hedges: readonly string[]
  /** Relay and projector, when they were asked for. */
  events: EventFlow | undefined
  /** What its first API, its workers, relay and projector show, as Prometheus reads it. */
  metrics(): Promise<string>
  /** The prefix of its task queues. */
  prefix: string
  stopWorkers(): Promise<void>
  /** With other workflows than those of the options, where a file of them is given. */
  startWorkers(bundle?: string): Promise<void>
  /** What runs choreographed orders, where the options did not start it. */
  startChoreography(): Promise<void>
  /** Another process of the API on the same data, which may know other definitions. */
  openApi(contracts?: Contracts): Promise<{ api: ApiClient; apiUrl: string }>
  close(): Promise<void>
}

export interface SystemOptions {
  /** Without workers, orders are accepted and wait. */
  workers?: boolean
  /** Whose queues its workers serve; everybody's unless said otherwise. */
  participants?: readonly Participant[]
  input?: Pick<SagaInput, 'queued' | 'pace'>
  workflowTaskTimeoutMs?: number
  /** Sagas that have not moved for so long are looked for; 30 unless said otherwise. */
  orphanAfterSeconds?: number
  /** What is personal of an order is erased so many days after its end. */
  personalDataDays?: number
  /** A return expires after so long; 30 days unless said otherwise. */
  returnExpiresAfterSeconds?: number
  /** The workflows that the workers run, as a file; those of the registry unless said otherwise. */
  bundle?: string
  /** The sagas that the API starts and shows. */
  contracts?: Contracts
  /**
   * Where the requests to the API reach the database, given where it really is; they have a pool of their own then,
   * with the usual limits.
   */
  apiDatabaseUrl?: (url: string) => Promise<string>
  /** How the API opens its database for streams and for invariants, when that is not as usual. */
  openDatabase?: typeof openDatabase
  /** The database as the workers see it, when that is not as everybody does. */
  workerDatabase?: (url: string) => Database
  /** A database that has its rows already; an empty one of its own unless said otherwise. */
  database?: TestDatabase
  /** Providers that have acted already; a world of its own unless said otherwise. */
  world?: World
  /** Another Temporal than the shared one. */
  temporalAddress?: string
  /** Providers as the workers reach them, when that is not where they really are. */
  providerUrls?: (sandboxUrl: string) => Promise<Partial<PerProvider<string>>>
  intakeMax?: number
  streamsMax?: number
  /** How its workers reconcile, where that is not by request alone, a minute late. */
  reconciliation?: Partial<ReconcilerSettings>
  /** Limits of the API's server, where they are not the usual ones. */
  http?: Partial<HttpLimits>
  ratePerSecond?: number
  /** Proxies in front of the API; none unless said otherwise. */
  trustProxy?: readonly string[]
  /** Without the routes for development, as in production. */
  development?: false
  /** Who may do what; unless said otherwise, everybody is the developer. */
  identity?: Pick<IdentityWiring, 'bootstrapKey' | 'issuer' | 'refusalsAMinute'>
  customerWritesPerSecond?: number
  edge?: Partial<AppOptions['edge']>
  /** Who knows the processes; one that has none unless said otherwise. */
  supervisor?: Supervisor
  /** Other permits for local calls than the usual ones. */
  permits?: () => LocalPermits
  /** As the settings of these names; off unless said otherwise. */
  hedgedReads?: boolean
  adaptiveConcurrency?: boolean
  /** With relay and projector, so that there are read models. */
  events?: boolean | EventFlowOptions
  /** With what runs choreographed orders; they need the events. */
  choreography?: boolean
  /** The zone that the database gives a session which asks for none. */
  timeZone?: string
  /** Called at the named points of every step. */
  reach?: Reach
  /** Where API and workers log. */
  log?: Logger
  /** Whether spans are made of requests, where tracing is on in this process. */
  isTraced?: boolean
}

/** Silent, unless the environment asks for more. */
const quietLog = () =>
  createLogger('test', process.env['LOG_LEVEL'] === undefined ? { LOG_LEVEL: 'silent' } : readConfig())

let made = 0

export async function startSystemOn(servers: Servers, options: SystemOptions = {}): Promise<System> {
  const { log = quietLog() } = options
  if (made === 0) installRuntime(log)
  const temporalAddress = options.temporalAddress ?? servers.temporalAddress
  made += 1
  const prefix = `t${process.pid}-${made}`
  const queueOf = (participant: string) => `${prefix}.${participant}`
  const database = options.database ?? (await createDatabase(servers, { timeZone: options.timeZone }))
  const { db, url: databaseUrl } = database
  const workerDb = options.workerDatabase?.(databaseUrl) ?? db
  const { permits, reach = () => undefined } = options
  const { interferences, around, beforeProviders } = createInterfering(db)
  const world = options.world ?? (await startWorld(beforeProviders))
  const providers = perProvider(() => world.url)
  const breakerMoves: string[] = []
  const hedges: string[] = []
  const watch = (name: string) => ({
    onBreaker(state: string) {
      breakerMoves.push(`${name} ${state}`)
      report.now()
    },
    onHedge: (what: string) => void hedges.push(`${name} ${what}`),
  })
  const wiring = createServices({
    db: workerDb,
    urls: { ...providers, ...(await options.providerUrls?.(world.url)) },
    reach,
    hedgedReads: options.hedgedReads ?? false,
    adaptiveConcurrency: options.adaptiveConcurrency ?? false,
    watch,
    ...(permits === undefined ? {} : { permits }),
  })
  const services = around(wiring.services)
  const report = reportProviders(wiring.providers, createDependencies({ db }), log)
  const native = await NativeConnection.connect({ address: temporalAddress })
  const connection = connectLazily({ address: temporalAddress })
  const client = new Client({ connection, interceptors: { workflow: [traceStarts] } })

  const workerMetrics = new Registry()
  const onAttempt = createAttemptMetrics(workerMetrics)
  let workers: RunningWorkers | undefined
  const outcomes = createReconciliationMetrics(workerMetrics)
  let stopFeed: (() => Promise<void>) | undefined
  let reconciler: Reconciler | undefined
  const startWorkers = async (bundle = options.bundle ?? servers.bundle) => {
    workers = await runWorkers({
      connection: native,
      namespace: 'default',
      queueOf,
      bundle,
      inThisThread: true,
      ...(options.participants === undefined ? {} : { participants: options.participants }),
      services,
      ports: {
        reach,
        onFault: (code, error) => log.warn({ code, error: describeError(error) }, 'fault'),
        onAttempt,
      },
    })
    const reconciling = wiring.reconcilerWith({
      schedule: { at: 'off', windowMinutes: 60 },
      afterSeconds: 60,
      callsPerSecond: 1000,
      onEnd: (outcome) => outcomes.inc({ outcome }),
      ...options.reconciliation,
    })
    reconciler = reconciling
    stopFeed = sweepRegularly(
      {
        'received parcels': () => wiring.parcelFeed.advance(),
        reconciliation: () => reconciling.advance(),
      },
      log,
    )
  }
  const stopWorkers = async () => {
    reconciler?.stop()
    await Promise.all([workers?.drain(), stopFeed?.()])
    workers = undefined
  }
  if (options.workers !== false) await startWorkers()

  const reads = openTestPool(databaseUrl, 4)
  const wanted = options.events ?? false
  const events =
    wanted === false
      ? undefined
      : await startEventFlow(databaseUrl, { log, ...(wanted === true ? {} : wanted) })
  let choreography: { stop(): Promise<void> } | undefined
  const startChoreography = async () => {
    choreography = await startReactors(databaseUrl, {
      ...reactionsWiring(services, { reach, onFault: () => undefined, onAttempt }),
      orphanAfterSeconds: options.orphanAfterSeconds ?? 30,
      pace: options.input?.pace,
    })
  }
  if (options.choreography === true) await startChoreography()
  const apis: { stop(): Promise<void>; close(): Promise<void>; requireContract(): void }[] = []
  const openApi = async (contracts: Contracts | undefined) => {
    const ownUrl = await options.apiDatabaseUrl?.(databaseUrl)
    const apiDb = ownUrl === undefined ? db : openDatabase(ownUrl, 4)
    const open = options.openDatabase ?? openDatabase
    const streamDb = open(ownUrl ?? databaseUrl, 2, { ...PATIENTLY, name: 'ordersaga-streams' })
    const checkDb = open(ownUrl ?? databaseUrl, 1, {
      ...PATIENTLY,
      name: 'ordersaga-invariants',
      statementTimeoutMs: INVARIANTS_MAX_MS,
    })
    const probe = openPool(ownUrl ?? databaseUrl, { ...PROBE, name: 'test-ready' })
    const metrics = new Registry()
    const apiServices = createApiServices({
      db: apiDb,
      dispatchDb: db,
      streamDb,
      checkDb,
      reads,
      client,
      log,
      queueOf,
      workflowTaskTimeoutMs: options.workflowTaskTimeoutMs ?? 4000,
      ...(contracts === undefined ? {} : { contracts }),
      input: options.input ?? {},
      orphanAfterSeconds: options.orphanAfterSeconds ?? 30,
      personalDataDays: options.personalDataDays,
      returnExpiresAfterSeconds: options.returnExpiresAfterSeconds,
      metrics,
      providers,
      temporal: {
        uiUrl: 'http://temporal.test',
        namespace: 'default',
        traceUiUrl: 'http://traces.test/trace/{traceId}',
      },
      intakeMax: options.intakeMax ?? 400,
      streamsMax: options.streamsMax ?? 1000,
      streamsPerAddressMax: options.streamsMax ?? 500,
    })
    apiServices.starter.run()
    const stopSweeping = sweepRegularly(apiServices.jobs, log)
    const ending = new AbortController()
    const { supervisor = { list: async () => [], kill: () => undefined } } = options
    const development =
      options.development === false ? undefined : { sandbox: createSandboxClient(world.url), supervisor }
    const identity = createIdentity({
      db: apiDb,
      metrics: apiServices.metrics,
      isOpen: options.identity === undefined,
      ...options.identity,
      onTrouble: createTroubleLog(log),
    })
    const endpoints = createEndpoints({
      ...apiServices,
      identity,
      probe,
      ending: ending.signal,
      development,
    })
    const document = documentOf(endpoints, contracts)
    const check = createAnswerCheck(document)
    const app = createApp({
      endpoints,
      trustProxy: options.trustProxy ?? [],
      limits: {
        perSecond: options.ratePerSecond ?? 100_000,
        customerWritesPerSecond: options.customerWritesPerSecond ?? 20,
      },
      identity,
      edge: { allowedHosts: [], host: '127.0.0.1', origins: [], ...options.edge },
      document: () => document,
      log,
      metrics,
      isTraced: options.isTraced ?? false,
    })
    const server = await serveHttp(
      express().use(check.middleware, app),
      { host: '127.0.0.1', port: 0 },
      // The clients are in this process: while it is busy, they send nothing.
      {
        ...HTTP_TIMES,
        headMs: 60_000,
        requestMs: 60_000,
        drainMs: 0,
        connectionsMax: 4000,
        connectionsPerAddressMax: 2000,
        ...options.http,
      },
    )
    const url = `http://127.0.0.1:${server.port}`
    apis.push({
      async stop() {
        ending.abort()
        await Promise.all([stopSweeping(), apiServices.starter.stop(), probe.end()])
        for (const each of [streamDb, checkDb]) await each.$disconnect()
        if (apiDb !== db) await apiDb.$disconnect()
      },
      close: () => server.close(),
      requireContract: () => check.requireNone(),
    })
    return { api: createApiClient(url, world.url), apiUrl: url, metrics }
  }
  const { api, apiUrl, metrics: apiMetrics } = await openApi(options.contracts)
  return {
    api,
    apiUrl,
    world,
    sandboxUrl: world.url,
    db,
    databaseUrl,
    migratorUrl: database.migratorUrl,
    admin: database.admin,
    adminUrl: database.adminUrl,
    client,
    interferences,
    breakerMoves,
    hedges,
    events,
    async metrics() {
      const all = [apiMetrics, workerMetrics, ...(events === undefined ? [] : [events.metrics])]
      return (await Promise.all(all.map((registry) => registry.metrics()))).join('')
    },
    prefix,
    startWorkers,
    stopWorkers,
    startChoreography,
    openApi: (contracts) => openApi(contracts),
    async close() {
      for (const each of apis) await each.stop()
      await stopWorkers()
      await report.stop()
      for (const each of apis) await each.close()
      await choreography?.stop()
      await events?.stop()
      await reads.end()
      world.kill()
      await connection.close()
      await native.close()
      if (workerDb !== db) await workerDb.$disconnect()
      await database.close()
      for (const each of apis) each.requireContract()
    },
  }
}
