import os from 'node:os'
import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import Table from 'cli-table3'
import { startThrowawayStack } from '../stack/throwaway.ts'
import { createApiClient, orderBody, type ApiClient } from '../test/harness/api-client.ts'
import { startCollector } from '../test/harness/collector.ts'
import { percentiles, round, spreadOf, withSpread } from './instruments/figures.ts'
import { cpuMsOf } from './instruments/processes.ts'

/**
 * What does tracing cost? Two systems of `npm start` run side by side, one with tracing and one without. In each round both
 * do the same orders, in random order, while the other is idle. The spans of an order are counted by a collector in this
 * process, which is not among the processes whose CPU is measured. Ratios are those of tracing on to off in the same round,
 * as median (least–most).
 */
const ROUNDS = 9
const WARM_UP = 40
const LOADS = [
  { atOnce: 1, orders: 15 },
  { atOnce: 16, orders: 96 },
] as const

/** What follows the last order: the outbox, the read models, the spans that are still to be sent. */
const SETTLE_MS = 1500
const IDLE_MS = 5000

const CONTESTANTS = ['off', 'on'] as const
type Contestant = (typeof CONTESTANTS)[number]

interface Taken {
  p50: number
  p99: number
  perSecond: number
  cpuMs: number
}

const collector = await startCollector()
const quiet = () => () => undefined
const open = { RATE_LIMIT_PER_SECOND: 100_000 }
const stacks = {
  off: await startThrowawayStack(quiet, open),
  on: await startThrowawayStack(quiet, { ...open, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }),
}
const clients = {
  off: createApiClient(stacks.off.apiUrl, stacks.off.sandboxUrl),
  on: createApiClient(stacks.on.apiUrl, stacks.on.sandboxUrl),
}

try {
  const idle = { off: 0, on: 0 }
  for (const who of CONTESTANTS) {
    await place(clients[who], 8, WARM_UP)
    idle[who] = await idleCpu(who)
  }
  const rounds = new Map<number, Record<Contestant, Taken>[]>(LOADS.map(({ atOnce }) => [atOnce, []]))
  for (let n = 0; n < ROUNDS; n += 1)
    for (const load of LOADS) {
      const taken: Partial<Record<Contestant, Taken>> = {}
      for (const who of Math.random() < 0.5 ? CONTESTANTS : CONTESTANTS.toReversed())
        taken[who] = await measure(who, load, idle[who])
      rounds.get(load.atOnce)?.push(taken as Record<Contestant, Taken>)
    }
  const table = new Table({
    head: ['at once', 'tracing', 'p50 ms', 'p99 ms', 'orders/s', 'CPU ms/order'],
    style: { head: [], border: [] },
  })
  for (const [atOnce, all] of rounds) {
    for (const who of CONTESTANTS) {
      const middle = (of: (taken: Taken) => number) => percentiles(all.map((each) => of(each[who]))).p50
      table.push([
        atOnce,
        who,
        round(middle(({ p50 }) => p50)),
        round(middle(({ p99 }) => p99)),
        middle(({ perSecond }) => perSecond).toFixed(1),
        round(middle(({ cpuMs }) => cpuMs)),
      ])
    }
    const ratio = (of: (taken: Taken) => number) =>
      withSpread(spreadOf(all.map(({ on, off }) => of(on) / of(off))))
    table.push([
      atOnce,
      'on / off',
      ratio(({ p50 }) => p50),
      ratio(({ p99 }) => p99),
      ratio(({ perSecond }) => perSecond),
      ratio(({ cpuMs }) => cpuMs),
    ])
  }
  process.stdout.write(
    `${ROUNDS} rounds, load of the machine ${os.loadavg()[0]?.toFixed(1)}:\n${table.toString()}\n`,
  )
  for (const coordination of ['orchestration', 'choreography'] as const)
    process.stdout.write(`spans of one ${coordination} order: ${await spansOf(coordination)}\n`)
} finally {
  for (const who of CONTESTANTS) await stacks[who].stop()
  collector.close()
}
process.exit()

async function measure(
  who: Contestant,
  load: { atOnce: number; orders: number },
  idleMs: number,
): Promise<Taken> {
  const cpuBefore = cpuOf(who)
  const beganAt = performance.now()
  const latencies = await place(clients[who], load.atOnce, load.orders)
  const ms = performance.now() - beganAt
  await sleep(SETTLE_MS)
  const { p50, p99 } = percentiles(latencies)
  const spent = performance.now() - beganAt
  return {
    p50,
    p99,
    perSecond: (load.orders / ms) * 1000,
    cpuMs: (cpuOf(who) - cpuBefore - idleMs * spent) / load.orders,
  }
}

/** Places orders, so many at once; answers the milliseconds from the request for each to its completion. */
async function place(api: ApiClient, atOnce: number, orders: number): Promise<number[]> {
  const latencies: number[] = []
  let begun = 0
  const one = async () => {
    while (begun < orders) {
      begun += 1
      const beganAt = performance.now()
      const { id } = await api.place()
      await api.ended(id)
      latencies.push(performance.now() - beganAt)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, one))
  return latencies
}

function cpuOf(who: Contestant): number {
  const pids = stacks[who].processes.flatMap((process) => process.pid() ?? [])
  return pids.reduce((sum, pid) => sum + cpuMsOf(pid), 0)
}

/** Per millisecond, while nothing is placed. */
async function idleCpu(who: Contestant): Promise<number> {
  const before = cpuOf(who)
  await sleep(IDLE_MS)
  return (cpuOf(who) - before) / IDLE_MS
}

/** What is exact: one order, counted when it and its events are through. */
async function spansOf(coordination: 'orchestration' | 'choreography'): Promise<number> {
  const traceId = randomBytes(16).toString('hex')
  const headers = {
    'idempotency-key': randomUUID(),
    traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01`,
  }
  const response = await clients.on.post('/orders', orderBody({ coordination }), headers)
  const { id } = (await response.json()) as { id: string }
  await clients.on.notified(id)
  await collector.waitFor(traceId, 'the last event', (spans) =>
    spans.some(({ name }) => name === 'sales CustomerNotified'),
  )
  await sleep(SETTLE_MS)
  return collector.of(traceId).length
}
