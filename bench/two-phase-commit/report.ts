import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { ROOT } from '../../root.ts'
import { short, spreadOf, withSpread } from '../instruments/figures.ts'
import { describeMachine, type Machine } from '../instruments/machine.ts'
import { markdownTable as table, replaceFigures } from '../instruments/page.ts'
import type { Kill, Kills } from './kill-trials.ts'
import { KILL } from './kill-trials.ts'
import type { KillResult, Sight } from './kill.ts'
import type { Series } from './measure.ts'
import { PARTICIPANTS } from './participants.ts'
import { drawPlot, type Plot } from './plots.ts'
import type { Scenario } from './scenarios.ts'
import { figure, ratio, type Measurement } from './statistics.ts'

/** All that one run of the bench has found. */
export interface Findings {
  machine: Machine
  rounds: number
  series: readonly Series[]
  kills: Kills
}

const PLOTS: Record<string, Plot> = {
  'two-phase-commit-throughput': { title: 'Throughput', unit: 'orders per second', of: 'ordersPerSecond' },
  'two-phase-commit-latency': { title: 'Latency of an order, median', unit: 'milliseconds', of: 'p50Ms' },
  'two-phase-commit-locks': { title: 'Lock of a stock row by an order', unit: 'milliseconds', of: 'lockMs' },
}

/** Draws the plots, and replaces the figures on the page; the words around them stay. */
export async function publish(findings: Findings): Promise<void> {
  for (const [name, plot] of Object.entries(PLOTS))
    await writeFile(path.join(ROOT, 'docs', 'images', `${name}.svg`), drawPlot(plot, findings.series))
  const page = path.join(ROOT, 'docs', 'two-phase-commit.md')
  const text = await readFile(page, 'utf8')
  await writeFile(page, replaceFigures(text, figuresOf(findings)))
}

export const figuresOf = ({ machine, rounds, series, kills }: Findings): Record<string, string> => ({
  'the machine': `${describeMachine(machine)} Rounds: ${rounds}.`,
  'throughput and latency': throughputTable(series),
  'locks and flushes': lockTable(series),
  'work in sequence': sequenceTable(series),
  'the kill': killTable(kills),
})

const inHead = (...figures: readonly string[]) => ['condition', 'in flight', 'row', ...figures]
const inRow = ({ condition, inFlight, isHot }: Scenario) => [condition, String(inFlight), isHot ? 'hot' : '']

/** The two contestants of each scenario. */
function pairs(
  series: readonly Series[],
): { scenario: Scenario; saga: Measurement[]; commit: Measurement[] }[] {
  return series
    .filter(({ contestant }) => contestant === 'saga')
    .map(({ scenario, measurements }) => ({
      scenario,
      saga: measurements,
      commit: measurementsOf(series, scenario, '2PC'),
    }))
}

function measurementsOf(series: readonly Series[], scenario: Scenario, contestant: string): Measurement[] {
  const found = series.find((one) => one.scenario === scenario && one.contestant === contestant)
  if (found === undefined) throw new Error(`${contestant} was not measured.`)
  return found.measurements
}

const median = (measurements: readonly Measurement[], of: keyof Measurement) =>
  short(figure(measurements, of).median)

const throughputTable = (series: readonly Series[]) =>
  table(
    inHead('orders/s', 'p50', 'p99'),
    pairs(series).map(({ scenario, saga, commit }) => [
      ...inRow(scenario),
      withSpread(ratio(commit, saga, 'ordersPerSecond')),
      withSpread(ratio(commit, saga, 'p50Ms')),
      withSpread(ratio(commit, saga, 'p99Ms')),
    ]),
  )

const lockTable = (series: readonly Series[]) =>
  table(
    inHead('saga, lock ms', '2PC, lock ms', 'saga, flushes', '2PC, flushes'),
    pairs(series).map(({ scenario, saga, commit }) => [
      ...inRow(scenario),
      withSpread(figure(saga, 'lockMs')),
      withSpread(figure(commit, 'lockMs')),
      median(saga, 'walFlushes'),
      median(commit, 'walFlushes'),
    ]),
  )

const sequenceTable = (series: readonly Series[]) =>
  table(
    inHead('orders/s', 'p50', 'lock ms'),
    pairs(series)
      .filter(({ scenario }) => scenario.contestants.includes('2PC in sequence'))
      .map(({ scenario, saga }) => {
        const inSequence = measurementsOf(series, scenario, '2PC in sequence')
        return [
          ...inRow(scenario),
          withSpread(ratio(inSequence, saga, 'ordersPerSecond')),
          withSpread(ratio(inSequence, saga, 'p50Ms')),
          median(inSequence, 'lockMs'),
        ]
      }),
  )

/** What all trials of a moment show alike, or else each answer. */
const alike = (results: readonly KillResult[], of: (result: KillResult) => string | number) =>
  [...new Set(results.map((result) => String(of(result))))].join(' or ')

const seen = ({ visible }: Sight) => PARTICIPANTS.map((name) => visible[name]).join(', ')

function killTable({ each, restarted }: Kills): string {
  const row = (title: string, of: (kill: Kill) => string) => [title, ...each.map(of)]
  const same = (title: string, of: (result: KillResult) => string | number) =>
    row(title, ({ results }) => alike(results, of))
  const time = (title: string, of: (result: KillResult) => number) =>
    row(title, ({ results }) => withSpread(spreadOf(results.map((result) => of(result)))))
  return [
    table(
      [
        `${KILL.inFlight} orders, killed`,
        ...each.map(({ contestant, moment }) => `${contestant}, ${moment}`),
      ],
      [
        same('prepared transactions left', ({ away }) => away.inDoubt),
        same('stock rows locked', ({ away }) => away.blockedUpdaters),
        same('orders seen: stock, charges, shipments, points', ({ away }) => seen(away)),
        time('slowest read, ms', ({ away }) => away.readMs),
        same('of 200 dead row versions, VACUUM leaves', ({ away }) => away.deadAfterVacuum),
        time('an updater waits, ms', ({ lockedMs }) => lockedMs),
        time('recovery, ms', ({ recoveryMs }) => recoveryMs),
        same('committed, rolled back', (result) => `${result.committed}, ${result.rolledBack}`),
        same('orders seen then', ({ resolved }) => seen(resolved)),
      ],
    ),
    `After a restart of PostgreSQL, ${restarted.afterRestart?.inDoubt} prepared transactions are left, and ` +
      `${restarted.afterRestart?.blockedUpdaters} rows locked.`,
  ].join('\n\n')
}
