import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Client } from '@temporalio/client'
import Table from 'cli-table3'
import { v7 as uuid } from 'uuid'
import { readConfig } from '../config.ts'
import { connectLazily } from '../dispatch/connection.ts'
import { STARTS_MAX } from '../dispatch/starter.ts'
import { createWorkflows } from '../dispatch/workflows.ts'
import { openDatabase } from '../prisma/client.ts'
import { freePort } from '../stack/ports.ts'
import { locateTemporalCli } from '../stack/temporal-cli.ts'
import { startTemporal } from '../stack/temporal.ts'
import { startThrowawayStack } from '../stack/throwaway.ts'
import { createApiClient } from '../test/harness/api-client.ts'
import { placeOrderRow } from '../test/harness/order-rows.ts'
import { countOrders, overtakes, timesOf, type OrderTimes } from '../test/harness/order-times.ts'
import { until } from '../test/harness/poll.ts'
import { ORDER_SAGA } from '../workflows/order/contract.ts'
import { orderSaga } from '../workflows/order/steps.ts'
import { atOnce, percentiles, round } from './instruments/figures.ts'

/**
 * Are workflows started in the order in which their orders were placed, and as fast as Temporal takes them? Orders are
 * placed in a closed loop and in a burst, and some are left over from a time in which nothing was started.
 */
const IN_FLIGHT = [24, 64]
const IN_LOOP = 200
const IN_BURST = 500
const TOLERANCE_MS = 2000
/** Bare starts are counted before the left-over ones and after them. */
const BARE = 2000
const PLACED_AT_ONCE = 8
const DRAIN_MAX_MS = 10 * 60_000

const { values } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    'left-over': { type: 'string', default: '10000' },
  },
})
const [roundsMax, leftOver] = [Number(values.rounds), Number(values['left-over'])]

/** Its histories are in memory: starts are then limited by what makes them, and not by a disk. */
const temporal = await startTemporal({
  cli: await locateTemporalCli(readConfig(), () => undefined),
  port: await freePort(),
  namespace: 'default',
})
const stack = await startThrowawayStack(() => () => undefined, {
  RATE_LIMIT_PER_SECOND: 1_000_000,
  TEMPORAL_ADDRESS: temporal.address,
})
const api = createApiClient(stack.apiUrl, stack.sandboxUrl)
const db = openDatabase(stack.databaseUrl, PLACED_AT_ONCE)
const connection = connectLazily({ address: temporal.address })
const client = new Client({ connection })

const table = new Table({
  head: ['orders', 'start p50 ms', 'p99', 'end p50 ms', 'p99', 'orders/s', 'overtakes'],
  style: { head: [], border: [] },
})
try {
  await closedLoop('cus_warm_up', 8, 50)
  const peaks: number[] = []
  for (const inFlight of IN_FLIGHT) {
    const rounds = await inRounds((customer) => closedLoop(customer, inFlight, IN_LOOP))
    peaks.push(report(`${IN_LOOP}, ${inFlight} in flight`, rounds))
  }
  const peak = Math.max(...peaks)
  const burst = report(
    `${IN_BURST} at once`,
    await inRounds((customer) => closedLoop(customer, IN_BURST, IN_BURST)),
  )
  process.stdout.write(
    `${table.toString()}\nA burst is drained at ${ratio(burst, peak)} of the loops' best rate.\n`,
  )
  await leaveOver()
} finally {
  await connection.close()
  await db.$disconnect()
  await stack.stop()
  await temporal.stop()
}
process.exit()

/** Places orders so that so many have not ended, until `count` have. */
async function closedLoop(customerId: string, inFlight: number, count: number): Promise<OrderTimes[]> {
  for (let placed = 0, ended = 0; ended < count;) {
    const room = Math.min(count - placed, inFlight - (placed - ended))
    await Promise.all(Array.from({ length: room }, () => api.place({ customerId })))
    placed += room
    await sleep(20)
    ended = (await countOrders(db, customerId)).ended
  }
  return timesOf(db, client, customerId)
}

async function inRounds(scene: (customerId: string) => Promise<OrderTimes[]>): Promise<OrderTimes[][]> {
  const rounds: OrderTimes[][] = []
  while (rounds.length < roundsMax) rounds.push(await scene(`cus_${uuid()}`))
  return rounds
}

/** Adds the medians of some rounds to the table. @returns the orders that ended per second. */
function report(name: string, rounds: readonly OrderTimes[][]): number {
  const median = (figure: (orders: OrderTimes[]) => number) => percentiles(rounds.map(figure)).p50
  const start = (orders: OrderTimes[]) =>
    percentiles(orders.map(({ placedAt, startedAt }) => startedAt - placedAt))
  const end = (orders: OrderTimes[]) =>
    percentiles(orders.map(({ placedAt, endedAt = Number.NaN }) => endedAt - placedAt))
  const rate = median(rateOf)
  table.push([
    name,
    round(median((orders) => start(orders).p50)),
    round(median((orders) => start(orders).p99)),
    round(median((orders) => end(orders).p50)),
    round(median((orders) => end(orders).p99)),
    rate.toFixed(1),
    rounds.reduce((sum, orders) => sum + overtakes(orders, TOLERANCE_MS), 0),
  ])
  return rate
}

function rateOf(orders: OrderTimes[]): number {
  const [from, to] = [
    orders.map(({ placedAt }) => placedAt),
    orders.map(({ endedAt = Number.NaN }) => endedAt),
  ]
  return (orders.length / (Math.max(...to) - Math.min(...from))) * 1000
}

/**
 * All of ours stand still while orders are placed; then the API alone goes on, so that nothing but starts is measured.
 */
async function leaveOver(): Promise<void> {
  const customerId = 'cus_left_over'
  const before = await bareRate()
  signal('SIGSTOP', () => true)
  await atOnce(PLACED_AT_ONCE, leftOver, () => placeOrderRow(db, { customerId }))
  const beganAt = Date.now()
  signal('SIGCONT', (name) => name === 'api')
  const started = () => countOrders(db, customerId).then(({ toStart }) => (toStart === 0 ? true : undefined))
  await until('every left-over order to be started', started, DRAIN_MAX_MS)
  const orders = await timesOf(db, client, customerId)
  const rate = (leftOver / (Math.max(...orders.map(({ startedAt }) => startedAt)) - beganAt)) * 1000
  const bare = (before + (await bareRate())) / 2
  process.stdout.write(
    `${leftOver} left-over orders: ${round(rate)} starts/s, ${ratio(rate, bare)} of ${round(bare)} bare starts/s; ` +
      `overtakes ${overtakes(orders, TOLERANCE_MS)}\n`,
  )
  signal('SIGCONT', () => true)
  const giveUpAt = Date.now() + DRAIN_MAX_MS
  let { ended } = await countOrders(db, customerId)
  while (ended < leftOver && Date.now() < giveUpAt) {
    await sleep(1000)
    ended = (await countOrders(db, customerId)).ended
  }
  process.stdout.write(`All of them were started, and ${ended} have ended.\n`)
}

/** Starts per second of the same workflow from this client, on a queue that no worker serves. */
async function bareRate(): Promise<number> {
  const workflows = createWorkflows({
    client,
    sagas: [ORDER_SAGA],
    queueOf: (participant) => `bare.${participant}`,
    workflowTaskTimeoutMs: 4000,
    input: {},
  })
  const definition = orderSaga.name
  const start = () =>
    workflows.start(
      {
        id: uuid(),
        definition,
        deadlineAt: new Date(),
        isRestart: false,
        status: 'pending',
        traceParent: null,
      },
      60_000,
    )
  const beganAt = performance.now()
  await atOnce(STARTS_MAX, BARE, start)
  return (BARE / (performance.now() - beganAt)) * 1000
}

function signal(name: 'SIGSTOP' | 'SIGCONT', to: (process: string) => boolean): void {
  for (const each of stack.processes) {
    const pid = to(each.name) ? each.pid() : undefined
    if (pid !== undefined) process.kill(pid, name)
  }
}

function ratio(value: number, of: number): string {
  return `${(value / of).toFixed(2)}x`
}
