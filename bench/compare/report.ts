import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { ROOT } from '../../root.ts'
import { short, spreadOf, withSpread, type Spread } from '../instruments/figures.ts'
import { describeMachine, type Machine } from '../instruments/machine.ts'
import { markdownTable, replaceFigures } from '../instruments/page.ts'
import { drawBars, type BarPlot } from '../instruments/plots.ts'
import { USUAL, type Rate, type Scenes, type Turn } from './turn.ts'

/** All that one run has found; turns with the same index were played in the same round. */
export interface Findings {
  machine: Machine
  rounds: number
  /** By contestant, in the order of the page: all ratios are those to the first. */
  turns: Readonly<Record<string, readonly Turn[]>>
}

const FILLS = [
  '#2b8ad6',
  '#7cc0f5',
  '#144f7d',
  '#d55e00',
  '#f0a060',
  '#888888',
  '#c4c4c4',
  '#2a9d5c',
  '#9b59b6',
]

/** Draws the plots, and replaces the figures on the page; the words around them stay. */
export async function publish(findings: Findings): Promise<void> {
  for (const [name, plot] of Object.entries(plotsOf(findings)))
    await writeFile(path.join(ROOT, 'docs', 'images', `${name}.svg`), drawBars(plot))
  await replaceOn('BENCHMARKS.md', mainFigures(findings))
  await replaceOn(MORE_FIGURES, moreFigures(findings))
}

/** The page of what is not looked at first. */
export const MORE_FIGURES = path.join('benchmarks', 'figures.md')

/** Replaces figures on a page of the documentation. */
export async function replaceOn(page: string, figures: Readonly<Record<string, string>>): Promise<void> {
  const file = path.join(ROOT, 'docs', page)
  await writeFile(file, replaceFigures(await readFile(file, 'utf8'), figures))
}

export const figuresOf = (findings: Findings): Record<string, string> => ({
  ...mainFigures(findings),
  ...moreFigures(findings),
})

const mainFigures = (findings: Findings): Record<string, string> => ({
  'the machine': `${describeMachine(findings.machine)} Rounds: ${findings.rounds}.`,
  ratios: ratioTable(findings),
  throughput: closedTable(findings, ({ ordersPerSecond }) => ordersPerSecond),
  'time to the end': latencyTable(findings, ({ ended }) => ended),
  'CPU of an order': cpuTable(findings),
})

const moreFigures = (findings: Findings): Record<string, string> => ({
  'time to the answer': latencyTable(findings, ({ accepted }) => accepted),
  'open loop': openTable(findings),
  'counts of an order': countTable(findings),
  scenes: sceneTable(findings),
  processes: processTable(findings),
})

type Figure = (turn: Turn) => number

const of = (turns: readonly Turn[], figure: Figure): Spread => spreadOf(turns.map(figure))

/** Each contestant's figure by that of the first in the same round. */
function ratioOf({ turns }: Findings, name: string, figure: Figure): Spread {
  const [ours = []] = Object.values(turns)
  return spreadOf(
    (turns[name] ?? []).map((turn, n) => {
      const base = ours[n]
      return base === undefined ? Number.NaN : figure(base) / figure(turn)
    }),
  )
}

const loadsOf = ({ turns }: Findings): string[] => Object.keys(Object.values(turns)[0]?.[0]?.closed ?? {})

const rateAt = ({ closed }: Turn, load: string): Rate => {
  const rate = closed[load]
  if (rate === undefined) throw new Error(`No loop had ${load} orders in flight.`)
  return rate
}

/** The best rate of a contestant, at whatever load it reaches that. */
const bestOf: Figure = ({ closed }) =>
  Math.max(...Object.values(closed).map(({ ordersPerSecond }) => ordersPerSecond))

function rows(findings: Findings, cells: (turns: readonly Turn[], name: string) => string[]): string[][] {
  return Object.entries(findings.turns).map(([name, turns]) => [name, ...cells(turns, name)])
}

function ratioTable(findings: Findings): string {
  const [first, ...others] = Object.keys(findings.turns)
  const figures: [string, Figure][] = [
    ['best rate', bestOf],
    [`rate at ${USUAL} in flight`, (turn) => rateAt(turn, String(USUAL)).ordersPerSecond],
    ['p50 alone', (turn) => rateAt(turn, '1').ended.p50],
    [`p99 at ${USUAL}`, (turn) => rateAt(turn, String(USUAL)).ended.p99],
    ['CPU of an order', ({ cost }) => cost.cpuMsInAll],
  ]
  return markdownTable(
    [`${first} ÷`, ...figures.map(([title]) => title)],
    others.map((name) => [name, ...figures.map(([, figure]) => withSpread(ratioOf(findings, name, figure)))]),
  )
}

const closedTable = (findings: Findings, figure: (rate: Rate) => number) =>
  markdownTable(
    ['orders/s, in flight:', ...loadsOf(findings)],
    rows(findings, (turns) =>
      loadsOf(findings).map((load) => withSpread(of(turns, (turn) => figure(rateAt(turn, load))))),
    ),
  )

const latencyTable = (findings: Findings, latencies: (rate: Rate) => Rate['ended']) =>
  markdownTable(
    ['p50, p99, p99.9 in ms, in flight:', ...loadsOf(findings)],
    rows(findings, (turns) =>
      loadsOf(findings).map((load) =>
        (['p50', 'p99', 'p999'] as const)
          .map((share) => short(of(turns, (turn) => latencies(rateAt(turn, load))[share]).median))
          .join(', '),
      ),
    ),
  )

/** Those whose scenes were played. */
function sceneRows(
  findings: Findings,
  cells: (scenes: readonly Scenes[], turns: readonly Turn[]) => string[],
): string[][] {
  return Object.entries(findings.turns).flatMap(([name, all]) => {
    const turns = all.filter(({ scenes }) => scenes !== undefined)
    const scenes = turns.flatMap((turn) => turn.scenes ?? [])
    return scenes.length === 0 ? [] : [[name, ...cells(scenes, turns)]]
  })
}

const spreadFrom = <T>(all: readonly T[], figure: (one: T) => number): string =>
  withSpread(spreadOf(all.map(figure)))

function openTable(findings: Findings): string {
  const shares = Object.keys(
    Object.values(findings.turns)[0]?.flatMap(({ scenes }) => scenes ?? [])[0]?.open ?? {},
  )
  return markdownTable(
    ['p50, p99 in ms, at a share of its best rate:', ...shares.map((share) => `${Number(share) * 100} %`)],
    sceneRows(findings, (scenes) =>
      shares.map((share) =>
        (['p50', 'p99'] as const)
          .map((each) => spreadFrom(scenes, ({ open }) => open[share]?.ended[each] ?? Number.NaN))
          .join(', '),
      ),
    ),
  )
}

function cpuTable(findings: Findings): string {
  return markdownTable(
    ['', 'ms in all', 'of which'],
    rows(findings, (turns) => [
      withSpread(of(turns, ({ cost }) => cost.cpuMsInAll)),
      Object.keys(turns[0]?.cost.cpuMs ?? {})
        .map((part): [string, number] => [part, of(turns, ({ cost }) => cost.cpuMs[part] ?? 0).median])
        .filter(([, ms]) => ms >= 0.05)
        .toSorted(([, a], [, b]) => b - a)
        .map(([part, ms]) => `${part} ${short(ms)}`)
        .join(', '),
    ]),
  )
}

const countTable = (findings: Findings) =>
  markdownTable(
    ['', 'statements', 'commits', 'WAL KiB', 'disk KiB', 'history events', 'history KiB'],
    rows(findings, (turns) => [
      short(of(turns, ({ cost }) => cost.statements).median),
      short(of(turns, ({ cost }) => cost.commits).median),
      short(of(turns, ({ cost }) => cost.walBytes / 1024).median),
      short(of(turns, ({ diskBytes }) => diskBytes / 1024).median),
      short(of(turns, ({ history }) => history?.events ?? 0).median),
      short(of(turns, ({ history }) => (history?.bytes ?? 0) / 1024).median),
    ]),
  )

const sceneTable = (findings: Findings) =>
  markdownTable(
    ['', 'burst, orders/s', 'hot product ÷ spread', 'sell-out, orders/s', 'recovery s', 'in flight'],
    sceneRows(findings, (scenes, turns) => [
      spreadFrom(scenes, ({ burst }) => burst.ordersPerSecond),
      spreadFrom(
        turns,
        (turn) =>
          (turn.scenes?.hot.ordersPerSecond ?? Number.NaN) / rateAt(turn, String(USUAL)).ordersPerSecond,
      ),
      spreadFrom(scenes, ({ sellOut }) => sellOut.ordersPerSecond),
      spreadFrom(scenes, ({ recovery }) => recovery.ms / 1000),
      spreadFrom(scenes, ({ recovery }) => recovery.inFlight),
    ]),
  )

const processTable = (findings: Findings) =>
  markdownTable(
    ['', 'cold start s', 'idle CPU ms/s', 'idle statements/s', 'memory MiB'],
    rows(findings, (turns) => [
      withSpread(of(turns, ({ coldStartMs }) => coldStartMs / 1000)),
      short(of(turns, ({ idle }) => idle.cpuMs).median),
      short(of(turns, ({ idle }) => idle.statements).median),
      short(of(turns, ({ memoryMiB }) => Object.values(memoryMiB).reduce((sum, mib) => sum + mib, 0)).median),
    ]),
  )

function plotsOf(findings: Findings): Record<string, BarPlot> {
  const entries = Object.entries(findings.turns)
  const legend = entries.map(([name], n) => ({ name, fill: FILLS[n % FILLS.length] ?? '' }))
  const panels = (figure: (turn: Turn, load: string) => number) =>
    loadsOf(findings).map((load) => ({
      title: `${load} in flight`,
      groups: [{ label: [], bars: entries.map(([, turns]) => of(turns, (turn) => figure(turn, load))) }],
    }))
  return {
    'compare-throughput': {
      title: 'Orders that end in a second',
      unit: 'orders per second',
      legend,
      panels: panels((turn, load) => rateAt(turn, load).ordersPerSecond),
    },
    'compare-latency': {
      title: 'From the request to the end of the order, median',
      unit: 'milliseconds',
      legend,
      panels: panels((turn, load) => rateAt(turn, load).ended.p50),
    },
  }
}
