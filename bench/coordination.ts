import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import Table from 'cli-table3'
import pg from 'pg'
import { COORDINATIONS, type Coordination } from '../domain/saga/coordination.ts'
import { ROOT } from '../root.ts'
import { startThrowawayStack } from '../stack/throwaway.ts'
import { createApiClient } from '../test/harness/api-client.ts'
import { percentiles, round, short, shuffled, spreadOf, withSpread } from './instruments/figures.ts'
import { cpuMsOfFamily } from './instruments/processes.ts'

/**
 * The same orders with a workflow and without one, on the processes of `npm start`: side by side in one run, in random
 * order in each round. Latency is that of the database's own times, from the first event to the one that completes the
 * order. Commits and CPU include all that runs, less what it takes while nothing is placed.
 */
const ROUNDS = 5
const WARM_UP = 20
const LOADS = [
  { atOnce: 1, orders: 8 },
  { atOnce: 8, orders: 32 },
  { atOnce: 24, orders: 72 },
] as const
const IDLE_MS = 5000

const stack = await startThrowawayStack(() => () => undefined, { RATE_LIMIT_PER_SECOND: 100_000 })
const api = createApiClient(stack.apiUrl, stack.sandboxUrl)
const database = new pg.Client({ connectionString: stack.databaseUrl })

interface Cost {
  commits: number
  cpuMs: number
  atMs: number
}

/** What one coordination took at one load, over all rounds. */
interface Taken {
  latencies: number[]
  perSecond: number[]
  commits: number[]
  cpuMs: number[]
}

try {
  await database.connect()
  const takenBy = new Map<string, Taken>()
  for (const coordination of COORDINATIONS) await place(coordination, { atOnce: 4, orders: WARM_UP })
  const idle = await idleCost()
  for (let n = 0; n < ROUNDS; n += 1)
    for (const load of LOADS)
      for (const coordination of shuffled(COORDINATIONS)) {
        const before = await cost()
        const latencies = await place(coordination, load)
        const seconds = (performance.now() - before.atMs) / 1000
        // What follows the last event: the outbox, the read models, the notification.
        await new Promise((resolve) => setTimeout(resolve, 1000))
        const after = await cost()
        const spent = after.atMs - before.atMs
        const key = `${coordination} ${load.atOnce}`
        const taken = takenBy.get(key) ?? { latencies: [], perSecond: [], commits: [], cpuMs: [] }
        taken.latencies.push(...latencies)
        taken.perSecond.push(load.orders / seconds)
        taken.commits.push((after.commits - before.commits - idle.commits * spent) / load.orders)
        taken.cpuMs.push((after.cpuMs - before.cpuMs - idle.cpuMs * spent) / load.orders)
        takenBy.set(key, taken)
      }
  const table = new Table({
    head: ['at once', 'coordination', 'p50 ms', 'p99 ms', 'orders/s (spread)', 'commits', 'CPU ms'],
    style: { head: [], border: [] },
  })
  for (const { atOnce } of LOADS)
    for (const coordination of COORDINATIONS) {
      const taken = takenBy.get(`${coordination} ${atOnce}`)
      if (taken === undefined) continue
      const { p50, p99 } = percentiles(taken.latencies)
      table.push([
        atOnce,
        coordination,
        round(p50),
        round(p99),
        withSpread(spreadOf(taken.perSecond)),
        short(spreadOf(taken.commits).median),
        round(spreadOf(taken.cpuMs).median),
      ])
    }
  process.stdout.write(`Per order, ${ROUNDS} rounds:\n${table.toString()}\n`)
  for (const coordination of COORDINATIONS) process.stdout.write(`${await countsOf(coordination)}\n`)
  process.stdout.write(`lines of code: ${linesOf()}\n`)
} finally {
  await database.end()
  await stack.stop()
}
process.exit()

/** Places orders, so many at once; answers the milliseconds from the first event of each to its completion. */
async function place(
  coordination: Coordination,
  { atOnce, orders }: { atOnce: number; orders: number },
): Promise<number[]> {
  const ids: string[] = []
  let begun = 0
  const one = async () => {
    while (begun < orders) {
      begun += 1
      const { id } = await api.place({ coordination })
      await api.ended(id)
      ids.push(id)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, one))
  const { rows } = await database.query<{ ms: number }>(
    `SELECT (extract(epoch FROM max(recorded_at) - min(recorded_at)) * 1000)::float8 AS ms FROM events
      WHERE stream_id = ANY ($1) AND type IN ('OrderPlaced', 'OrderCompleted') GROUP BY stream_id`,
    [ids.map((id) => `order-${id}`)],
  )
  return rows.map(({ ms }) => ms)
}

async function cost(): Promise<Cost> {
  const { rows } = await database.query<{ commits: string }>(
    `SELECT xact_commit AS commits FROM pg_stat_database WHERE datname = current_database()`,
  )
  const pids = [...stack.processes, ...stack.servers].flatMap((process) => process.pid() ?? [])
  return {
    commits: Number(rows[0]?.commits ?? 0),
    cpuMs: pids.reduce((sum, pid) => sum + cpuMsOfFamily(pid), 0),
    atMs: performance.now(),
  }
}

/** Per millisecond, while nothing is placed. */
async function idleCost(): Promise<Pick<Cost, 'commits' | 'cpuMs'>> {
  const before = await cost()
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS))
  const after = await cost()
  const ms = after.atMs - before.atMs
  return { commits: (after.commits - before.commits) / ms, cpuMs: (after.cpuMs - before.cpuMs) / ms }
}

/** What is exact: one order, counted. */
async function countsOf(coordination: Coordination): Promise<string> {
  const { id } = await api.place({ coordination })
  await api.ended(id)
  await api.notified(id)
  const events = (await api.events(id)).length
  const history = coordination === 'orchestration' ? (await api.history(id)).events.length : 0
  const { rows } = await database.query<{ consumers: string }>(
    `SELECT count(*) AS consumers FROM inbox WHERE stream_id = $1`,
    [`order-${id}`],
  )
  return `${coordination}: ${events} events, ${history} events of history, ${rows[0]?.consumers} consumers of its stream`
}

/** What belongs to one coordination alone, without tests. */
function linesOf(): string {
  const parts = {
    orchestration: ['workflows/saga', 'dispatch', 'prisma/functions/orphans.sql'],
    choreography: ['choreography', 'prisma/functions/reactions.sql'],
  }
  return Object.entries(parts)
    .map(([name, places]) => `${name} ${places.reduce((sum, place) => sum + linesIn(place), 0)}`)
    .join(', ')
}

function linesIn(place: string): number {
  const whole = path.join(ROOT, place)
  const files = place.endsWith('.sql')
    ? [whole]
    : readdirSync(whole)
        .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
        .map((file) => path.join(whole, file))
  return files.reduce((sum, file) => sum + readFileSync(file, 'utf8').split('\n').length - 1, 0)
}
