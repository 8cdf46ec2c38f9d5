import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Table from 'cli-table3'
import { readConfig } from '../config.ts'
import { freePort } from './ports.ts'
import { startStack, type Stack } from './stack.ts'

/** A guided tour of the whole system, on ports and data of its own. It ends by itself, and fails if its proof does. */
const PATIENCE_MS = 60_000

interface Order {
  id: string
  status: string
  totalMinor: number
  reason: { code: string; step: string } | null
  steps: { name: string; state: string; attempts: number; compensation: string }[]
}

interface Ledger {
  charges: { key: string; state: string; amountMinor: number }[]
  refunds: { chargeKey: string }[]
  shipments: { key: string; state: string }[]
}

/** No colours: the tour is as readable in a file as on a terminal. */
const PLAIN = { head: [], border: [] }

const say = (text = '') => process.stdout.write(`${text}\n`)

const folder = await mkdtemp(path.join(os.tmpdir(), 'ordersaga-demo-'))
let stack: Stack | undefined
try {
  say('Bringing the whole system up, with data of its own …')
  stack = await startDemoStack(folder)
  say(`API ${stack.apiUrl}, Temporal UI ${stack.temporalUiUrl}`)
  await showOutcomes(stack)
  await showKill(stack)
  say('\nThat is it. `npm start` brings the system up for you to try.')
} catch (error) {
  say(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
} finally {
  say('\nStopping everything …')
  await stack?.stop()
  await rm(folder, { recursive: true, force: true })
}
process.exit()

async function startDemoStack(dataDir: string): Promise<Stack> {
  const config = readConfig()
  const [port, sandbox, postgres, temporal, ui] = await Promise.all(Array.from({ length: 5 }, freePort))
  const ports = {
    PORT: port ?? 0,
    SANDBOX_PORT: sandbox ?? 0,
    POSTGRES_PORT: postgres ?? 0,
    TEMPORAL_PORT: temporal ?? 0,
    TEMPORAL_UI_PORT: ui ?? 0,
  }
  // The tour tells what happens; of the processes' own logs only what asks for attention is shown.
  const quiet = (name: string) => (line: string) => {
    if (!line.startsWith('{')) say(`    ${name} ${line}`)
  }
  return startStack(
    { ...config, ...ports, DATA_DIR: dataDir, DATABASE_URL: undefined, TEMPORAL_ADDRESS: undefined },
    quiet,
  )
}

async function showOutcomes(system: Stack): Promise<void> {
  say('\n— Five orders, five outcomes. What was begun is undone in exact reverse order. —\n')
  const tour = [
    { what: 'everything works', wishes: {} },
    { what: 'the last one is gone', wishes: { sku: 'NONE-001' } },
    { what: 'the card is declined', wishes: { paymentMethod: 'pm_declined' } },
    { what: 'the carrier refuses', wishes: { service: 'refused' } },
    { what: 'a reply is lost after the charge', wishes: { paymentMethod: 'pm_lost_reply_1' } },
  ]
  const table = new Table({
    head: ['when', 'the order is', 'because of', 'and this is what happened'],
    style: PLAIN,
  })
  for (const { what, wishes } of tour) {
    const order = await ended(system, (await place(system, wishes)).id)
    const { data } = await get<{ data: { type: string }[] }>(`${system.apiUrl}/orders/${order.id}/events`)
    table.push([what, order.status, order.reason?.code ?? '', data.map(({ type }) => type).join('\n')])
  }
  say(table.toString())
}

async function showKill(system: Stack): Promise<void> {
  say('\n— Now a worker is killed with SIGKILL in the middle of a charge. —\n')
  const orders = await Promise.all(
    Array.from({ length: 6 }, () => place(system, { paymentMethod: 'pm_slow_700' })),
  )
  const { order, pid } = await chargeInFlight(system, orders)
  say(`The gateway has charged order ${order.id} and not answered yet; worker ${pid} waits for the answer.`)
  process.kill(pid, 'SIGKILL')
  say(`kill -9 ${pid}. Nobody knows now whether that charge was made, except the gateway.\n`)
  const finished = await Promise.all(orders.map(({ id }) => ended(system, id)))
  const ledger = await get<Ledger>(`${system.sandboxUrl}/ledger`)
  const table = new Table({
    head: ['order', 'ended', 'attempts at the charge', 'charges', 'refunds', 'shipments'],
    style: PLAIN,
  })
  const proof = finished.map(({ id, status, steps }) => ({
    id,
    status,
    attempts: steps.find(({ name }) => name === 'chargePayment')?.attempts ?? 0,
    charges: ledger.charges.filter(({ key }) => key.includes(id)).length,
    refunds: ledger.refunds.filter(({ chargeKey }) => chargeKey.includes(id)).length,
    shipments: ledger.shipments.filter(({ key }) => key.includes(id)).length,
  }))
  for (const row of proof) table.push(Object.values(row))
  say(table.toString())
  const isProven = proof.every(
    (row) => row.status === 'completed' && row.charges === 1 && row.refunds === 0 && row.shipments === 1,
  )
  if (!isProven) throw new Error('an order was lost, or something happened twice')
  say(
    '\nEvery order was completed. Every order was charged once and shipped once: nothing was lost, nothing was doubled.',
  )
}

/** An order that is charged at the gateway while its worker still waits, and that worker. */
async function chargeInFlight(system: Stack, orders: Order[]): Promise<{ order: Order; pid: number }> {
  const giveUpAt = Date.now() + PATIENCE_MS
  while (Date.now() < giveUpAt) {
    const ledger = await get<Ledger>(`${system.sandboxUrl}/ledger`)
    for (const order of orders.filter(({ id }) => ledger.charges.some(({ key }) => key.includes(id)))) {
      const { data } = await get<{ data: { type: string }[] }>(`${system.apiUrl}/orders/${order.id}/events`)
      const pid = data.some(({ type }) => type === 'PaymentCharged')
        ? undefined
        : await workerOf(system, order.id)
      if (pid !== undefined) return { order, pid }
    }
    await sleep(20)
  }
  throw new Error('no charge was ever in flight')
}

/** The worker that has the order's workflow task: its history names it as pid@host. */
async function workerOf(system: Stack, orderId: string): Promise<number | undefined> {
  interface Event {
    workflowTaskStartedEventAttributes?: { identity: string }
  }
  const { events } = await get<{ events: Event[] }>(`${system.apiUrl}/orders/${orderId}/history`)
  const identity = events.findLast((event) => event.workflowTaskStartedEventAttributes)
    ?.workflowTaskStartedEventAttributes?.identity
  return system.processes.map((process_) => process_.pid()).find((pid) => identity?.startsWith(`${pid}@`))
}

interface Wishes {
  sku?: string
  paymentMethod?: string
  service?: string
}

async function place({ apiUrl }: Stack, wishes: Wishes): Promise<Order> {
  const response = await fetch(`${apiUrl}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': randomUUID() },
    body: JSON.stringify({
      customerId: 'cus_demo',
      currency: 'EUR',
      lines: [{ sku: wishes.sku ?? 'TEA-001', quantity: 2 }],
      paymentMethod: wishes.paymentMethod ?? 'pm_ok',
      shipping: {
        service: wishes.service ?? 'standard',
        address: { name: 'A. Doe', line1: '1 High St', city: 'Utrecht', postalCode: '3511', country: 'NL' },
      },
    }),
  })
  if (response.status !== 202) throw new Error(`POST /orders answered ${response.status}`)
  return (await response.json()) as Order
}

async function ended({ apiUrl }: Stack, id: string): Promise<Order> {
  const giveUpAt = Date.now() + PATIENCE_MS
  while (Date.now() < giveUpAt) {
    const order = await get<Order>(`${apiUrl}/orders/${id}`)
    if (['completed', 'rejected', 'cancelled'].includes(order.status)) return order
    await sleep(100)
  }
  throw new Error(`order ${id} did not end`)
}

async function get<T>(url: string): Promise<T> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`GET ${url} answered ${response.status}`)
  return (await response.json()) as T
}
