import { readdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { ROOT } from '../root.ts'
import { openMeter, RULER } from './compare/costs.ts'
import { openLoad, type Placed } from './compare/load.ts'
import { MORE_FIGURES, replaceOn } from './compare/report.ts'
import { createOurs } from './compare/ours.ts'
import { startServers } from './compare/servers.ts'
import { historyOf, rateOf } from './compare/turn.ts'
import { short } from './instruments/figures.ts'
import { inspectMachine, describeMachine } from './instruments/machine.ts'
import { markdownTable } from './instruments/page.ts'
import { drawLines } from './instruments/plots.ts'

/**
 * Does the system stay as it is while it works? At half of its best rate memory, open files, connections, histories and
 * latency must not grow. `npx order-saga bench soak [minutes]`; the page is written from a run that is long enough.
 */
const MINUTES = 30
const MINUTES_MIN = 10
const MINUTES_MAX = 240
const WINDOW_MS = 30_000
const BEST_AT = 24
const BEST_MS = 20_000

const [, minutes = MINUTES] = process.argv.slice(2).map(Number)
if (!(minutes >= 1 && minutes <= MINUTES_MAX))
  throw new Error(`Give a number of minutes from 1 to ${MINUTES_MAX}.`)

/** At the end of a window. */
interface Sample {
  minute: number
  p50Ms: number
  p99Ms: number
  /** Of all our own processes. */
  memoryMiB: number
  openFiles: number
  connections: number
  cpuMs: number
  historyBytes: number
}

const log = (line: string) => void process.stderr.write(`${line}\n`)
const servers = await startServers('development', log)
const describeThis = await inspectMachine(servers.ground.database.admin, servers.ground.folder)
const running = await createOurs('orchestration', 'development').start(servers.ground)
const load = openLoad(running)
const meter = await openMeter(servers, running)
const database = new pg.Client({ connectionString: servers.ground.database.admin, application_name: RULER })
try {
  await database.connect()
  const perSecond = (await bestRate()) / 2
  log(`${short(perSecond)} orders a second, for ${minutes} minutes`)
  const samples: Sample[] = []
  const beganAt = performance.now()
  while (performance.now() - beganAt < minutes * 60_000) {
    const stop = await meter.start()
    const orders = await load.open(perSecond, WINDOW_MS)
    const { cpuMsInAll } = await stop(orders.length)
    samples.push(await sample((performance.now() - beganAt) / 60_000, orders, cpuMsInAll))
    log(JSON.stringify(samples.at(-1)))
  }
  const figures = {
    'the soak': [
      '![Latency, memory, open files, connections and CPU by time](../images/soak.svg)',
      `${describeMachine(describeThis())} ${short(perSecond)} orders a second for ${minutes} minutes.`,
      tableOf(samples),
    ].join('\n\n'),
  }
  process.stdout.write(`${figures['the soak']}\n`)
  if (minutes >= MINUTES_MIN) await publish(samples, figures)
  else log(`The page is written from ${MINUTES_MIN} minutes on.`)
} finally {
  await load.close()
  await meter.close()
  await database.end()
  await running.stop()
  await servers.stop()
}
process.exit()

/** Orders per second that end while so many are in flight. */
async function bestRate(): Promise<number> {
  await load.closed(BEST_AT, BEST_MS / 4)
  return rateOf(await load.closed(BEST_AT, BEST_MS)).ordersPerSecond
}

async function sample(minute: number, orders: readonly Placed[], cpuMs: number): Promise<Sample> {
  // Read models and notifications follow.
  await sleep(1000)
  const { p50, p99 } = rateOf(orders).ended
  const { rows } = await database.query<{ connections: number }>(
    `SELECT /* ruler */ count(*)::integer AS connections FROM pg_stat_activity WHERE application_name LIKE 'ordersaga%'`,
  )
  const parts = running.parts()
  const memory = meter.memory()
  const own = new Set(parts.map(({ name }) => name.replace(/-\d+$/, '')))
  return {
    minute,
    p50Ms: p50,
    p99Ms: p99,
    memoryMiB: Object.entries(memory).reduce((sum, [name, mib]) => sum + (own.has(name) ? mib : 0), 0),
    openFiles: parts.reduce((sum, { pid }) => sum + readdirSync(`/proc/${pid}/fd`).length, 0),
    connections: rows[0]?.connections ?? 0,
    cpuMs,
    historyBytes: (await historyOf(servers, running, orders))?.bytes ?? 0,
  }
}

/** The first minute, the middle and the last: a plot shows those between. */
function tableOf(samples: readonly Sample[]): string {
  const shown = [samples[1], samples[Math.floor(samples.length / 2)], samples.at(-1)]
  return markdownTable(
    [
      'minute',
      'p50 ms',
      'p99 ms',
      'memory MiB',
      'open files',
      'connections',
      'CPU ms an order',
      'history bytes',
    ],
    shown.flatMap((one) =>
      one === undefined
        ? []
        : [
            [
              short(one.minute),
              short(one.p50Ms),
              short(one.p99Ms),
              short(one.memoryMiB),
              String(one.openFiles),
              String(one.connections),
              short(one.cpuMs),
              String(one.historyBytes),
            ],
          ],
    ),
  )
}

async function publish(samples: readonly Sample[], figures: Readonly<Record<string, string>>): Promise<void> {
  const lineOf = (title: string, figure: keyof Sample) => ({
    title,
    points: samples.map((one) => ({ x: one.minute, y: one[figure] })),
  })
  const plot = drawLines({
    title: `${minutes} minutes at half of the best rate`,
    unit: 'minutes',
    panels: [
      lineOf('p50, ms', 'p50Ms'),
      lineOf('p99, ms', 'p99Ms'),
      lineOf('memory of our processes, MiB', 'memoryMiB'),
      lineOf('open files', 'openFiles'),
      lineOf('connections to PostgreSQL', 'connections'),
      lineOf('CPU of an order, ms', 'cpuMs'),
    ],
  })
  await writeFile(path.join(ROOT, 'docs', 'images', 'soak.svg'), plot)
  await replaceOn(MORE_FIGURES, figures)
}
