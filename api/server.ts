import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { Client, Connection } from '@temporalio/client'
import { v7 as uuid } from 'uuid'
import { queueName, readConfig, requireDatabaseUrl, temporalAddress } from '../config.ts'
import { createCatalogue } from '../domain/inventory/catalogue.ts'
import { createLoyalty } from '../domain/loyalty/loyalty.ts'
import { createIntake } from '../domain/order/intake.ts'
import { createOrderJournal } from '../domain/order/journal.ts'
import { createOrderQueries } from '../domain/order/queries.ts'
import { createStarts } from '../domain/saga/starts.ts'
import { onShutdown } from '../lifecycle.ts'
import { createLogger } from '../logger.ts'
import { openDatabase } from '../prisma/client.ts'
import { ORDER_SAGA } from '../workflows/order/contract.ts'
import { createApp } from './app.ts'
import { createOrderStarter } from './order-starter.ts'

const config = readConfig()
const log = createLogger('api', config)
const db = openDatabase(requireDatabaseUrl(config), config.DATABASE_POOL)
const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string
}

// Lazy: orders are accepted while Temporal is away.
const connection = Connection.lazy({ address: temporalAddress(config) })
const client = new Client({ connection, namespace: config.TEMPORAL_NAMESPACE })
const starter = createOrderStarter({
  client,
  starts: createStarts({ db }),
  taskQueue: queueName(config, ORDER_SAGA.queue),
  workflowTaskTimeoutMs: config.WORKFLOW_TASK_TIMEOUT_MS,
  input: { queued: config.DISPATCH_QUEUE, pace: config.SAGA_PACE },
  log,
})

let isDraining = false
const app = createApp({
  db,
  client,
  starter,
  intake: createIntake({ db, definition: ORDER_SAGA.definition, newId: uuid, now: () => new Date() }),
  queries: createOrderQueries({ db }),
  journal: createOrderJournal({ db }),
  catalogue: createCatalogue({ db }),
  loyalty: createLoyalty({ db }),
  temporal: {
    uiUrl: config.TEMPORAL_UI_URL ?? `http://127.0.0.1:${config.TEMPORAL_UI_PORT}`,
    namespace: config.TEMPORAL_NAMESPACE,
  },
  isDraining: () => isDraining,
  version,
  log,
})
const server = app.listen(config.PORT, config.HOST)
await once(server, 'listening')
const stopSweeping = starter.sweepRegularly()
log.info({ port: config.PORT }, 'accepting orders')

onShutdown(log, config.SUPERVISED, async () => {
  isDraining = true
  stopSweeping()
  server.closeIdleConnections()
  await new Promise((resolve) => server.close(resolve))
  await connection.close()
  await db.$disconnect()
})
