import { NativeConnection } from '@temporalio/worker'
import { readConfig, queueName, requireDatabaseUrl, temporalAddress } from '../config.ts'
import { onShutdown } from '../lifecycle.ts'
import { createLogger, describeError } from '../logger.ts'
import { openDatabase } from '../prisma/client.ts'
import { bundleFile } from './bundle.ts'
import { createFailpoints } from './failpoints.ts'
import { runWorkers } from './run-workers.ts'
import { installRuntime } from './runtime.ts'
import { createServices, providerUrls } from './services.ts'

const config = readConfig()
const log = createLogger('worker', config)

installRuntime(log)

const db = openDatabase(requireDatabaseUrl(config), config.DATABASE_POOL)
const reach = createFailpoints(config.FAILPOINTS)
const connection = await NativeConnection.connect({ address: temporalAddress(config) })
const workers = await runWorkers({
  connection,
  namespace: config.TEMPORAL_NAMESPACE,
  queueOf: (participant) => queueName(config, participant),
  bundle: config.WORKFLOW_BUNDLE ?? (await bundleFile(config.DATA_DIR)),
  services: createServices(db, providerUrls(config), reach),
  ports: {
    reach,
    onFault: (activity, sagaId, code, error) =>
      log.warn({ activity, sagaId, code, error: describeError(error) }, 'fault'),
  },
})
log.info({ queue: queueName(config, 'order') }, 'working')

const close = async () => {
  await workers.drain()
  await connection.close()
  await db.$disconnect()
}
onShutdown(log, config.SUPERVISED, close)
workers.ended.catch(async (error: unknown) => {
  log.error(error, 'a worker failed')
  process.exit(1)
})
