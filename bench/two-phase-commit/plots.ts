import { fixed, picture, short, text } from '../report/svg.ts'
import type { Series } from './measure.ts'
import { CONDITIONS, type Condition, type Scenario } from './scenarios.ts'
import { figure, type Measurement, type Spread } from './statistics.ts'

/**
 * Bars with their spread, one panel for each condition with a scale of its own. The picture brings its background along,
 * and changes it together with its text: on any page it is as readable as on its own.
 */
export interface Plot {
  title: string
  /** What the axis counts. */
  unit: string
  of: keyof Measurement
}

const BARS = [
  { contestant: '2PC', fill: '#d55e00' },
  { contestant: 'saga', fill: '#2b8ad6' },
] as const

const PANEL = { width: 300, height: 190, left: 46, gap: 8 }
const TOP = 86
const SIZE = { width: 3 * PANEL.width + 16, height: TOP + PANEL.height + 58 }
const BAR = { width: 19, between: 2 }

export function drawPlot(plot: Plot, series: readonly Series[]): string {
  const panels = CONDITIONS.map((condition, n) => drawPanel(plot, condition, series, n * PANEL.width))
  const legend = BARS.map(
    ({ contestant, fill }, n) =>
      `<rect x="${12 + n * 80}" y="38" width="12" height="12" fill="${fill}"/>` +
      text(30 + n * 80, 48, contestant),
  )
  return picture(plot.title, SIZE, [
    ...legend,
    text(180, 48, `bars: median, in ${plot.unit}; lines: least and most`),
    ...panels,
  ])
}

const CONDITION_TITLES: Record<Condition, string> = {
  local: 'on one machine',
  network: '50 ms of network, each way',
  slow: 'payment takes 200 ms',
}

function drawPanel(plot: Plot, condition: Condition, series: readonly Series[], x: number): string {
  const here = series.filter(({ scenario }) => scenario.condition === condition)
  const scenarios = [...new Set(here.map(({ scenario }) => scenario))]
  const bars = scenarios.map((scenario) =>
    BARS.map(({ contestant, fill }) => {
      const found = here.find((one) => one.scenario === scenario && one.contestant === contestant)
      return { fill, spread: found && figure(found.measurements, plot.of) }
    }),
  )
  const top = niceAbove(Math.max(...bars.flat().map(({ spread }) => spread?.most ?? 0)))
  const yOf = (value: number) => TOP + PANEL.height * (1 - value / top)
  const groupWidth = (PANEL.width - PANEL.left - PANEL.gap) / scenarios.length
  const lines = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const y = yOf(share * top)
    const [from, to] = [x + PANEL.left, x + PANEL.width - PANEL.gap]
    return (
      `<line class="line" x1="${from}" x2="${to}" y1="${fixed(y)}" y2="${fixed(y)}"/>` +
      text(from - 5, y + 4, short(share * top), 'text-anchor="end"')
    )
  })
  const groups = bars.map((group, n) => {
    const middle = x + PANEL.left + groupWidth * (n + 0.5)
    const drawn = group.map(({ fill, spread }, at) =>
      spread === undefined ? '' : drawBar(middle + (at - 1) * (BAR.width + BAR.between), spread, fill, yOf),
    )
    return drawn.join('') + drawLabel(middle, scenarios[n])
  })
  return [
    text(x + PANEL.left, TOP - 12, CONDITION_TITLES[condition], 'class="panel"'),
    ...lines,
    ...groups,
  ].join('\n')
}

function drawBar(
  x: number,
  { median, least, most }: Spread,
  fill: string,
  yOf: (value: number) => number,
): string {
  const middle = fixed(x + BAR.width / 2)
  return [
    `<rect x="${fixed(x)}" y="${fixed(yOf(median))}" width="${BAR.width}" height="${fixed(yOf(0) - yOf(median))}" fill="${fill}"/>`,
    `<line class="spread" x1="${middle}" x2="${middle}" y1="${fixed(yOf(least))}" y2="${fixed(yOf(most))}"/>`,
    text(x + BAR.width / 2, yOf(most) - 3, short(median), 'class="small" text-anchor="middle"'),
  ].join('')
}

function drawLabel(x: number, scenario: Scenario | undefined): string {
  const y = TOP + PANEL.height
  return (
    text(x, y + 16, `${scenario?.inFlight} in flight`, 'text-anchor="middle" class="small"') +
    text(x, y + 29, scenario?.isHot ? 'hot row' : '', 'text-anchor="middle" class="small"')
  )
}

/** The least of 1, 2, 4 or 8 times a power of ten that is above the value. */
function niceAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value))
  return [1, 2, 4, 8, 10].map((step) => step * power).find((nice) => nice >= value * 1.08) ?? 20 * power
}
