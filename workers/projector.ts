import { eventTransport, readConfig, requireDatabaseUrl } from '../config.ts'
import { sqlOf } from '../events/store/sql.ts'
import { openTransport } from '../events/broker/open-transport.ts'
import { PROJECTIONS } from '../read-models/registry.ts'
import { createProjectorMetrics } from '../read-models/projector-metrics.ts'
import { startProjector } from '../read-models/projector.ts'
import { onShutdown } from '../lifecycle.ts'
import { createLogger, createTroubleLog } from '../logger.ts'
import { createMetrics, serveMetrics } from '../metrics.ts'
import { LOOKS_UP_BY_KEY, openPool } from '../postgres.ts'
import { requireRelease } from '../prisma/require-release.ts'
import { startTracing } from '../start-tracing.ts'
import { createFailpoints } from './failpoints.ts'

const config = readConfig()
const log = createLogger('projector', config)
const onTrouble = createTroubleLog(log)
const stopTracing = await startTracing('projector', config, onTrouble)

const url = requireDatabaseUrl(config)
await requireRelease(url, log)
const pool = openPool(url, {
  max: config.DATABASE_POOL,
  name: 'ordersaga-projector',
  settings: LOOKS_UP_BY_KEY,
})
const registry = createMetrics()
const closeMetrics = await serveMetrics(registry, { host: config.HOST, port: config.METRICS_PORT })
log.info({ transport: config.EVENT_TRANSPORT }, 'connecting to the broker')
const transport = await openTransport(eventTransport(config), onTrouble)
const projector = startProjector({
  url,
  pool,
  transport,
  projections: PROJECTIONS,
  metrics: createProjectorMetrics(registry, sqlOf(pool), PROJECTIONS),
  reach: createFailpoints(config.FAILPOINTS),
  onTrouble,
})
log.info('working')

onShutdown(log, config.SUPERVISED, async () => {
  await projector.stop()
  await transport.close()
  closeMetrics()
  await pool.end()
  await stopTracing()
})
