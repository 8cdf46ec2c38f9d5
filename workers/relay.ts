import pg from 'pg'
import { eventTransport, readConfig, requireDatabaseUrl } from '../config.ts'
import { openTransport } from '../events/open-transport.ts'
import { createRelayMetrics } from '../events/relay-metrics.ts'
import { startRelay } from '../events/relay.ts'
import { onShutdown } from '../lifecycle.ts'
import { createLogger, describeError } from '../logger.ts'
import { createMetrics, serveMetrics } from '../metrics.ts'
import { requireRelease } from '../prisma/require-release.ts'
import { createFailpoints } from './failpoints.ts'

/** A measurement that takes longer than this is given up. */
const MEASURE_TIMEOUT_MS = 3000

const config = readConfig()
const log = createLogger('relay', config)
const onTrouble = (what: string, error: unknown) => log.warn({ error: describeError(error) }, what)

const url = requireDatabaseUrl(config)
await requireRelease(url, log)
const pool = new pg.Pool({
  connectionString: url,
  max: 1,
  connectionTimeoutMillis: MEASURE_TIMEOUT_MS,
  query_timeout: MEASURE_TIMEOUT_MS,
})
pool.on('error', () => undefined)
const registry = createMetrics()
const metrics = createRelayMetrics(registry, pool)
const closeMetrics = await serveMetrics(registry, { host: config.HOST, port: config.METRICS_PORT })
log.info({ transport: config.EVENT_TRANSPORT }, 'connecting to the broker')
const transport = await openTransport(eventTransport(config), onTrouble)
const relay = startRelay({ url, transport, metrics, reach: createFailpoints(config.FAILPOINTS), onTrouble })
log.info('working')

onShutdown(log, config.SUPERVISED, async () => {
  await relay.stop()
  await transport.close()
  closeMetrics()
  await pool.end()
})
