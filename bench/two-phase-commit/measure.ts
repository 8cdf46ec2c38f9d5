import path from 'node:path'
import type pg from 'pg'
import { shuffled } from '../instruments/figures.ts'
import { startContestant, type ContestantProcess } from './contestant.ts'
import { startDelayedLine, type DelayedLine } from './delayed-line.ts'
import { CONTESTANTS, type Contestant } from './jobs.ts'
import { startLockSampler, type LockSampler } from './lock-sampler.ts'
import { PARTICIPANTS, openConnection, perParticipant, type PerParticipant } from './participants.ts'
import { ONE_WAY_MS, SCENARIOS, SLOW, TURNS, WINDOW_MS, type Scenario } from './scenarios.ts'
import type { Server } from './server.ts'
import { measurementOf, type Measurement } from './statistics.ts'

/** One contestant in one scenario. Those of another contestant with the same index were made beside these. */
export interface Series {
  scenario: Scenario
  contestant: Contestant
  measurements: Measurement[]
}

/** Measures every contestant in every scenario, in an order that is drawn anew in each round. */
export async function measureAll(
  server: Server,
  rounds: number,
  log: (line: string) => void,
): Promise<Series[]> {
  const all = SCENARIOS.map((scenario) =>
    scenario.contestants.map((contestant): Series => ({ scenario, contestant, measurements: [] })),
  )
  const bench = await openBench(server)
  try {
    for (let round = 1; round <= rounds; round += 1) {
      for (const ofScenario of shuffled(all.flatMap((one) => repeated(one))))
        for (const series of shuffled(ofScenario))
          series.measurements.push(await measure(bench, series.scenario, series.contestant))
      log(`Round ${round} of ${rounds} is measured.`)
    }
  } finally {
    await bench.close()
  }
  return all.flat()
}

/** A scenario has several turns in a round where its figures depend most on what else the machine does. */
const repeated = (ofScenario: readonly Series[]) =>
  Array.from({ length: TURNS[ofScenario[0]?.scenario.condition ?? 'local'] }, () => ofScenario)

interface Bench {
  server: Server
  contestants: ReadonlyMap<Contestant, ContestantProcess>
  /** The participants behind a network. */
  remote: PerParticipant<string>
  /** Never behind a network: what is seen from outside must be seen at once. */
  watch: pg.Client
  close(): Promise<void>
}

async function openBench(server: Server): Promise<Bench> {
  const lines = await perParticipant(() => startDelayedLine(server.port, ONE_WAY_MS))
  const contestants = new Map(CONTESTANTS.map((name) => [name, startContestant()]))
  const watch = await openConnection(server.urls.inventory, 'watch')
  return {
    server,
    contestants,
    remote: await perParticipant((name) => over(lines[name], server.urls[name])),
    watch,
    async close() {
      await Promise.all([...contestants.values()].map((process) => process.kill()))
      await watch.end()
      for (const name of PARTICIPANTS) lines[name].close()
    },
  }
}

function over(line: DelayedLine, target: string): string {
  const url = new URL(target)
  url.port = String(line.port)
  return url.href
}

let runs = 0

async function measure(bench: Bench, scenario: Scenario, contestant: Contestant): Promise<Measurement> {
  const { condition, inFlight, isHot } = scenario
  const process = bench.contestants.get(contestant)
  if (process === undefined) throw new Error(`There is no process of ${contestant}.`)
  runs += 1
  let sampler: LockSampler | undefined
  let flushesBefore: Promise<number> | undefined
  const { result } = await process.ask(
    {
      type: 'load',
      contestant,
      urls: condition === 'network' ? bench.remote : bench.server.urls,
      logFile: path.join(bench.server.folder, `${contestant}.log`),
      run: `run-${runs}`,
      inFlight,
      isHot,
      durationMs: WINDOW_MS[condition],
      slowMs: condition === 'slow' ? SLOW : {},
    },
    'loaded',
    () => {
      flushesBefore = walFlushes(bench.watch)
      sampler = startLockSampler(bench.watch)
    },
  )
  if (sampler === undefined || flushesBefore === undefined) throw new Error('The window was not announced')
  const seen = await sampler.stop()
  const flushes = (await walFlushes(bench.watch)) - (await flushesBefore)
  return measurementOf(result, { ...seen, walFlushes: flushes })
}

/** How often the server has waited for its write-ahead log to be on disk; transactions at once share one wait. */
async function walFlushes(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ flushes: number }>(
    `SELECT sum(fsyncs)::bigint AS flushes FROM pg_stat_io WHERE object = 'wal'`,
  )
  return rows[0]?.flushes ?? 0
}
