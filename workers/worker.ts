import process from 'node:process'
import { NativeConnection } from '@temporalio/worker'
import { queueName, readConfig, requireDatabaseUrl } from '../config.ts'
import { temporalTarget } from '../temporal.ts'
import { watchClocks } from '../clock-skew.ts'
import { createClocks } from '../dispatch/clocks.ts'
import { sweepRegularly } from '../dispatch/sweep.ts'
import type { Participant } from '../domain/participants.ts'
import { onShutdown } from '../lifecycle.ts'
import { createLogger, createTroubleLog, describeError } from '../logger.ts'
import { createMetrics, serveMetrics } from '../metrics.ts'
import { openDatabase } from '../prisma/client.ts'
import { requireRelease } from '../prisma/require-release.ts'
import { PROVIDER_NAMES } from '../providers.ts'
import { startTracing } from '../start-tracing.ts'
import { freePort } from '../stack/ports.ts'
import { PARTICIPANT_NAMES } from './bulkheads.ts'
import { createAttemptMetrics } from './attempt-metrics.ts'
import { bundleFile } from './bundle.ts'
import { createFailpoints } from './failpoints.ts'
import { runWorkers } from './run-workers.ts'
import { installRuntime, readRuntimeMetrics } from './runtime.ts'
import { createWatchedServices } from './watched-services.ts'

const config = readConfig()
const log = createLogger('worker', config)
const stopTracing = await startTracing('worker', config, createTroubleLog(log))
const participants = chosenParticipants(process.argv.slice(2))
await requireRelease(requireDatabaseUrl(config), log)

const runtimeMetrics = { port: await freePort() }
installRuntime(log, config.METRICS_PORT === 0 ? undefined : runtimeMetrics)
const metrics = createMetrics()
const closeMetrics = await serveMetrics(metrics, {
  host: config.HOST,
  port: config.METRICS_PORT,
  others: () => readRuntimeMetrics(runtimeMetrics),
})
const db = openDatabase(requireDatabaseUrl(config), config.DATABASE_POOL)
const reach = createFailpoints(config.FAILPOINTS)
const { services, parcelFeed, report, reconcilerFor } = createWatchedServices(config, {
  db,
  reach,
  metrics,
  log,
})
const connection = await NativeConnection.connect(temporalTarget(config))
const workers = await runWorkers({
  connection,
  namespace: config.TEMPORAL_NAMESPACE,
  queueOf: (participant) => queueName(config, participant),
  participants,
  bundle: config.WORKFLOW_BUNDLE ?? (await bundleFile(config.DATA_DIR)),
  services,
  ports: {
    reach,
    onFault: (code, error) => log.warn({ code, error: describeError(error) }, 'fault'),
    onAttempt: createAttemptMetrics(metrics),
  },
})
const stopFeed = participants.includes('shipping')
  ? sweepRegularly({ 'received parcels': () => parcelFeed.advance() }, log)
  : undefined
const served = PROVIDER_NAMES.filter((name) => participants.includes(name))
const reconciler = reconcilerFor(served)
const stopReconciling =
  served.length > 0 ? sweepRegularly({ reconciliation: () => reconciler.advance() }, log) : undefined
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
log.info({ queues: participants.map((participant) => queueName(config, participant)) }, 'working')

onShutdown(log, config.SUPERVISED, async () => {
  reconciler.stop()
  await Promise.all([workers.drain(), stopClocks(), stopFeed?.(), stopReconciling?.()])
  await report.stop()
  closeMetrics()
  await connection.close()
  await db.$disconnect()
  await stopTracing()
})
workers.ended.catch((error: unknown) => {
  log.error(error, 'a worker failed')
  process.exit(1)
})

/** `npm run worker -- payment shipping` serves only their queues. @throws Error for a name that is none. */
function chosenParticipants(names: readonly string[]): readonly Participant[] {
  const unknown = names.filter((name) => !(PARTICIPANT_NAMES as string[]).includes(name))
  if (unknown.length > 0)
    throw new Error(`No participants: ${unknown.join(', ')}. There are ${PARTICIPANT_NAMES.join(', ')}.`)
  return names.length === 0 ? PARTICIPANT_NAMES : (names as Participant[])
}
