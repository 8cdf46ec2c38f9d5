import { eventTransport, readConfig, requireDatabaseUrl } from '../config.ts'
import { startChoreography } from '../choreography/choreography.ts'
import { openTransport } from '../events/broker/open-transport.ts'
import { sqlOf } from '../events/store/sql.ts'
import { onShutdown } from '../lifecycle.ts'
import { createLogger, createTroubleLog, describeError } from '../logger.ts'
import { createMetrics, serveMetrics } from '../metrics.ts'
import { LOOKS_UP_BY_KEY, openPool } from '../postgres.ts'
import { openDatabase } from '../prisma/client.ts'
import { requireRelease } from '../prisma/require-release.ts'
import { startTracing } from '../start-tracing.ts'
import { ORDER_SAGA } from '../workflows/order/contract.ts'
import { createAttemptMetrics } from './attempt-metrics.ts'
import { createChoreographyMetrics } from './choreography-metrics.ts'
import { createFailpoints } from './failpoints.ts'
import { reactionsWiring } from './reactions-wiring.ts'
import { createWatchedServices } from './watched-services.ts'

/** Connections for what is noted and claimed; the steps have those of `DATABASE_POOL`. */
const NOTES_POOL = 4

const config = readConfig()
const log = createLogger('choreography', config)
const onTrouble = createTroubleLog(log)
const stopTracing = await startTracing('choreography', config, onTrouble)

const url = requireDatabaseUrl(config)
await requireRelease(url, log)
const pool = openPool(url, {
  max: NOTES_POOL,
  name: 'ordersaga-choreography',
  settings: LOOKS_UP_BY_KEY,
})
const db = openDatabase(url, config.DATABASE_POOL)
const metrics = createMetrics()
const { isLeader } = createChoreographyMetrics(metrics, sqlOf(pool))
const closeMetrics = await serveMetrics(metrics, { host: config.HOST, port: config.METRICS_PORT })
const reach = createFailpoints(config.FAILPOINTS)
const { services, report } = createWatchedServices(config, { db, reach, metrics, log })
const transport = await openTransport(eventTransport(config), onTrouble)
const choreography = startChoreography({
  url,
  pool,
  transport,
  outlines: Object.fromEntries(ORDER_SAGA.steps),
  ...reactionsWiring(services, {
    reach,
    onFault: (code, error) => log.warn({ code, error: describeError(error) }, 'fault'),
    onAttempt: createAttemptMetrics(metrics),
  }),
  pace: config.SAGA_PACE,
  orphanAfterSeconds: config.ORPHAN_AFTER_SECONDS,
  onLeading: (isLeading) => isLeader.set(isLeading ? 1 : 0),
  reach,
  onTrouble,
})
log.info({ transport: config.EVENT_TRANSPORT }, 'working')

onShutdown(log, config.SUPERVISED, async () => {
  await choreography.stop()
  await report.stop()
  await transport.close()
  closeMetrics()
  await Promise.all([pool.end(), db.$disconnect()])
  await stopTracing()
})
