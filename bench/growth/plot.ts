import { fixed, picture, text } from '../instruments/plots.ts'
import type { Kind } from './jobs.ts'
import { growthOf, type Findings, type Growth, type Measured } from './findings.ts'

const PANELS: readonly { kind: Kind; title: string }[] = [
  { kind: 'order', title: 'the way of an order' },
  { kind: 'page', title: 'pages and lists' },
  { kind: 'job', title: 'jobs' },
  { kind: 'scan', title: 'reads everything' },
]

const STROKES: Record<Growth, string> = { flat: '#2b8ad6', 'levels off': '#c08a00', grows: '#d55e00' }
const PANEL = { width: 230, height: 230, left: 44, gap: 12 }
const TOP = 86
const SIZE = { width: PANELS.length * PANEL.width + 16, height: TOP + PANEL.height + 40 }

/** A line for each call: the buffers that it touches, by how many orders there are. Both axes are logarithmic. */
export function drawGrowth(findings: Findings): string {
  const most = Math.max(...findings.measured.flatMap(({ at }) => at.map(({ buffers }) => buffers)))
  const powers = Array.from({ length: Math.ceil(Math.log10(most)) + 1 }, (_, n) => n)
  const legend = (Object.entries(STROKES) as [Growth, string][]).map(
    ([growth, stroke], n) =>
      `<line x1="${12 + n * 100}" x2="${30 + n * 100}" y1="44" y2="44" stroke="${stroke}" stroke-width="2"/>` +
      text(36 + n * 100, 48, growth),
  )
  return picture('What a call costs, by the orders that there are', SIZE, [
    ...legend,
    text(330, 48, 'shared buffers that one call touches'),
    ...PANELS.map((panel, n) => drawPanel(panel, findings, powers, n * PANEL.width)),
  ])
}

function drawPanel(
  { kind, title }: (typeof PANELS)[number],
  { sizes, measured }: Findings,
  powers: readonly number[],
  x: number,
): string {
  const [from, to] = [x + PANEL.left, x + PANEL.width - PANEL.gap]
  const yOf = (buffers: number) =>
    TOP + PANEL.height * (1 - Math.log10(Math.max(buffers, 1)) / (powers.at(-1) ?? 1))
  const xOf = (n: number) => from + ((to - from) * n) / Math.max(sizes.length - 1, 1)
  const grid = powers.map((power) => {
    const y = yOf(10 ** power)
    const line = `<line class="line" x1="${from}" x2="${to}" y1="${fixed(y)}" y2="${fixed(y)}"/>`
    return line + text(from - 5, y + 4, named(10 ** power), 'text-anchor="end"')
  })
  const axis = sizes.map((size, n) =>
    text(xOf(n), TOP + PANEL.height + 16, named(size), 'text-anchor="middle" class="small"'),
  )
  const lineOf = (one: Measured) => {
    const points = one.at.map(({ buffers }, n) => `${fixed(xOf(n))},${fixed(yOf(buffers))}`).join(' ')
    return `<polyline points="${points}" fill="none" stroke="${STROKES[growthOf(one)]}" stroke-width="1.2"><title>${one.name}</title></polyline>`
  }
  return [
    text(from, TOP - 12, title, 'class="panel"'),
    ...grid,
    ...axis,
    ...measured.filter((one) => one.kind === kind).map(lineOf),
  ].join('\n')
}

const named = (count: number): string =>
  count >= 1_000_000 ? `${count / 1_000_000} M` : count >= 1000 ? `${count / 1000} k` : String(count)
