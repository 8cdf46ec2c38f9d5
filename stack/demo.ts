import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import Table from 'cli-table3'
import type { Stack } from './stack.ts'
import { startThrowawayStack } from './throwaway.ts'

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

function say(text = ''): void {
  process.stdout.write(`${text}
`)
}

let stack: Stack | undefined
try {
  say('Bringing the whole system up, with data of its own …')
  // A parked step would come back by itself after a minute; the tour does not wait that long for anything.
  stack = await startThrowawayStack(quiet, { SAGA_PACE: 0.25 })
  say(`API ${stack.apiUrl}, Temporal UI ${stack.temporalUiUrl}`)
  await showOutcomes(stack)
  await showOutage(stack)
  await showParking(stack)
  await showKill(stack)
  await showInvariants(stack)
  say('\nThat is it. `npm start` brings the system up for you to try.')
} catch (error) {
  say(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
} finally {
  say('\nStopping everything …')
  await stack?.stop()
}
process.exit()

/** The tour says what happens; of the processes' own logs only what is not routine is shown. */
function quiet(name: string): (line: string) => void {
  return (line) => {
    if (!line.startsWith('{')) say(`    ${name} ${line}`)
  }
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
  say(`kill -9 ${pid}. Only the gateway knows now whether that charge was made.\n`)
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

async function showOutage(system: Stack): Promise<void> {
  say('\n— The payment gateway goes down under five orders. They wait; none fails. —\n')
  await send('PUT', `${system.sandboxUrl}/faults`, { payment: 'down' })
  const orders = await Promise.all(Array.from({ length: 5 }, () => place(system, {})))
  const payment = async () => {
    const { data } = await get<{ data: { provider: string; breaker: string; waiting: number }[] }>(
      `${system.apiUrl}/operations/dependencies`,
    )
    return data.find(({ provider }) => provider === 'payment')
  }
  const down = await until('the breaker to open', async () => {
    const seen = await payment()
    return seen?.breaker === 'open' && seen.waiting === orders.length ? seen : undefined
  })
  say(
    `The breaker is ${down.breaker}, and ${down.waiting} orders wait for the gateway: "payment queued for later".`,
  )
  await send('DELETE', `${system.sandboxUrl}/faults`)
  const finished = await Promise.all(orders.map(({ id }) => ended(system, id)))
  if (finished.some(({ status }) => status !== 'completed'))
    throw new Error('an order did not survive the outage')
  // Each worker has its own, which closes with its next call: the five may all have gone through the other's.
  await until('the breaker to close', async () => {
    if ((await payment())?.breaker === 'closed') return true
    await ended(system, (await place(system, {})).id)
    return undefined
  })
  say('The gateway is back: the breaker has closed, and all five are completed.')
}

async function showParking(system: Stack): Promise<void> {
  say(
    '\n— A refund fails and fails. No machine can settle that: it is parked in sight, and an operator brings it home. —\n',
  )
  const { id } = await place(system, { paymentMethod: 'pm_refund_fails_9', service: 'refused' })
  const parked = await until('the order to be parked', async () => {
    const { data } = await get<{ data: object[] }>(`${system.apiUrl}/operations/parked`)
    return data[0]
  })
  say(`GET /operations/parked → ${JSON.stringify(parked)}`)
  await send('POST', `${system.apiUrl}/operations/orders/${id}/retry`, {
    reason: 'the gateway has mended its refunds',
  })
  say('POST /operations/orders/<id>/retry { "reason": "the gateway has mended its refunds" } → 202')
  const order = await ended(system, id)
  const { refunds } = await get<Ledger>(`${system.sandboxUrl}/ledger`)
  const made = refunds.filter(({ chargeKey }) => chargeKey.includes(id)).length
  if (order.status !== 'rejected' || made !== 1) throw new Error('the refund was not made once')
  say(`The same order, the same workflow: ${order.status}, and refunded once.`)
}

async function showInvariants(system: Stack): Promise<void> {
  say('\n— What must be true, whatever happened: GET /operations/invariants —\n')
  const { ok, checks } = await get<{ ok: boolean; checks: { name: string; ok: boolean; detail: string }[] }>(
    `${system.apiUrl}/operations/invariants`,
  )
  for (const check of checks)
    say(`  ${check.ok ? 'holds ' : 'BROKEN'} ${check.name}${check.ok ? '' : `: ${check.detail}`}`)
  if (!ok) throw new Error('an invariant is broken')
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

function ended({ apiUrl }: Stack, id: string): Promise<Order> {
  return until(`order ${id} to end`, async () => {
    const order = await get<Order>(`${apiUrl}/orders/${id}`)
    return ['completed', 'rejected', 'cancelled'].includes(order.status) ? order : undefined
  })
}

/** The first answer that is not undefined. */
async function until<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const giveUpAt = Date.now() + PATIENCE_MS
  while (Date.now() < giveUpAt) {
    const answer = await ask()
    if (answer !== undefined) return answer
    await sleep(100)
  }
  throw new Error(`waited ${PATIENCE_MS / 1000} s for ${what}`)
}

async function send(method: string, url: string, body?: object): Promise<void> {
  const content =
    body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const response = await fetch(url, { method, ...content })
  if (!response.ok) throw new Error(`${method} ${url} answered ${response.status}`)
}

async function get<T>(url: string): Promise<T> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`GET ${url} answered ${response.status}`)
  return (await response.json()) as T
}
