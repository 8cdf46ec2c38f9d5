import { eventTransport, readConfig, requireDatabaseUrl } from '../config.ts'
import { openTransport } from '../events/broker/open-transport.ts'
import { createRelayMetrics } from '../events/outbox/relay-metrics.ts'
import { startRelay } from '../events/outbox/relay.ts'
import { sqlOf } from '../events/store/sql.ts'
import { onShutdown } from '../lifecycle.ts'
import { createLogger, createTroubleLog } from '../logger.ts'
import { createMetrics, serveMetrics } from '../metrics.ts'
import { openPool } from '../postgres.ts'
import { requireRelease } from '../prisma/require-release.ts'
import { startTracing } from '../start-tracing.ts'
import { createFailpoints } from './failpoints.ts'
import { createSagaLog } from './saga-log.ts'
import { createSagaMetrics } from './saga-metrics.ts'

const config = readConfig()
const log = createLogger('relay', config)
const onTrouble = createTroubleLog(log)
const stopTracing = await startTracing('relay', config, onTrouble)

const url = requireDatabaseUrl(config)
await requireRelease(url, log)
const pool = openPool(url, { max: 1, name: 'ordersaga-relay' })
const registry = createMetrics()
const metrics = createRelayMetrics(registry, sqlOf(pool))
const countSagas = createSagaMetrics(registry)
const sagaLog = createSagaLog({ db: sqlOf(pool), log })
const closeMetrics = await serveMetrics(registry, { host: config.HOST, port: config.METRICS_PORT })
log.info({ transport: config.EVENT_TRANSPORT }, 'connecting to the broker')
const transport = await openTransport(eventTransport(config), onTrouble)
const relay = startRelay({
  url,
  transport,
  metrics,
  onPublished(events) {
    countSagas(events)
    sagaLog.onPublished(events)
  },
  reach: createFailpoints(config.FAILPOINTS),
  onTrouble,
})
log.info('working')

onShutdown(log, config.SUPERVISED, async () => {
  await relay.stop()
  await transport.close()
  closeMetrics()
  await sagaLog.settled()
  await pool.end()
  await stopTracing()
})
