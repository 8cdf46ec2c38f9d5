import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { readConfig } from '../config.ts'
import { createLineWriter } from './console-log.ts'
import { commandOf, isAlive } from './pids.ts'
import { requireRoom } from './room.ts'
import { startStack, type Stack } from './stack.ts'

const config = readConfig()
const lines = createLineWriter(process.stdout)
const stopping = new AbortController()
// The terminal may be closed: there is no one to print for then, and everything is still stopped in order.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)

try {
  requireRoom(path.resolve(config.DATA_DIR))
  const release = claimDataDir(path.resolve(config.DATA_DIR))
  const starting = startStack(config, lines, stopping.signal)
  const stop = async (signal: string) => {
    if (stopping.signal.aborted) return
    stopping.abort()
    process.stdout.write(`\n${signal}: stopping everything, in order …\n`)
    const stack = await starting.catch(() => undefined)
    await stack?.stop()
    release()
    process.exit(0)
  }
  process.on('SIGINT', () => void stop('Ctrl-C'))
  process.on('SIGTERM', () => void stop('SIGTERM'))
  process.on('SIGHUP', () => void stop('The terminal was closed'))
  welcome(await starting)
} catch (error) {
  if (!stopping.signal.aborted) {
    process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(1)
  }
}

/** One system per data folder. @throws Error that names the process that has it. */
function claimDataDir(dataDir: string): () => void {
  const file = path.join(dataDir, 'start.pid')
  mkdirSync(dataDir, { recursive: true })
  const holder = Number(readPid(file))
  if (holder !== 0 && holder !== process.pid && isAlive(holder) && commandOf(holder).includes('start.ts')) {
    throw new Error(
      `The system already runs from this folder (process ${holder}). Stop it, or set DATA_DIR and the ports.`,
    )
  }
  writeFileSync(file, String(process.pid))
  return () => rmSync(file, { force: true })
}

function readPid(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function welcome({ apiUrl, isOpen, sandboxUrl, temporalUiUrl, processes }: Stack): void {
  const credential = isOpen ? '' : ` -H "authorization: Bearer $ORDER_SAGA_KEY"`
  const hasSandbox = processes.some(({ name }) => name === 'sandbox')
  process.stdout.write(`
OrderSaga is up.

  Console       ${apiUrl}/console/   (guided tour: ${apiUrl}/console/tour)
  API           ${apiUrl}
  API reference ${apiUrl}/docs
  Temporal UI   ${temporalUiUrl}
  Sandbox       ${hasSandbox ? `${sandboxUrl}/ledger   (what the payment gateway and the carrier did)` : 'none'}

Place an order:

  curl -i ${apiUrl}/orders${credential} -H 'content-type: application/json' -H "idempotency-key: $(date +%s)" -d '{
    "customerId": "cus_alice", "currency": "EUR", "lines": [{ "sku": "TEA-001", "quantity": 2 }],
    "paymentMethod": "pm_ok", "shipping": { "service": "standard", "address":
    { "name": "A. Doe", "line1": "1 High St", "city": "Utrecht", "postalCode": "3511", "country": "NL" } } }'

and look at it: the Location header of the answer is its address. Ctrl-C stops everything.
`)
}
