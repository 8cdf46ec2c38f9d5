import { once } from 'node:events'
import path from 'node:path'
import { isSandboxAllowed, readConfig } from '../config.ts'
import { onShutdown } from '../lifecycle.ts'
import { createLogger, createTroubleLog } from '../logger.ts'
import { startTracing } from '../start-tracing.ts'
import { createSandbox } from './app.ts'
import { openLedger } from './ledger.ts'

const config = readConfig()
const log = createLogger('sandbox', config)
if (!isSandboxAllowed(config)) {
  log.fatal(
    'the sandbox only plays a payment gateway and a carrier, and NODE_ENV is production: set PAYMENT_URL and SHIPPING_URL for real ones, or SANDBOX=on where it is meant',
  )
  process.exit(1)
}
const stopTracing = await startTracing('sandbox', config, createTroubleLog(log))
const server = createSandbox(openLedger(path.join(config.DATA_DIR, 'sandbox-ledger.jsonl'))).listen(
  config.SANDBOX_PORT,
  config.HOST,
)
await once(server, 'listening')
log.info({ port: config.SANDBOX_PORT }, 'playing the providers')

onShutdown(log, config.SUPERVISED, async () => {
  server.close()
  server.closeAllConnections()
  await stopTracing()
})
