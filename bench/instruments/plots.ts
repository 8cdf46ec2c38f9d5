import { short, type Spread } from './figures.ts'

/** Bars with their spread, in panels with a scale of their own. */
export interface BarPlot {
  title: string
  /** What the axis counts. */
  unit: string
  /** What a bar of each place in its group stands for. */
  legend: readonly { name: string; fill: string }[]
  panels: readonly { title: string; groups: readonly BarGroup[] }[]
}

export interface BarGroup {
  /** Up to two lines below it. */
  label: readonly string[]
  /** One for each entry of the legend; nothing is drawn where nothing was measured. */
  bars: readonly (Spread | undefined)[]
}

const PANEL = { width: 300, height: 190, left: 46, gap: 8 }
const LEGEND = { top: 38, line: 18, perLine: 5, width: 190 }
const BAR = { widthMax: 19, between: 2 }

const STYLE = `
  .ground { fill: #ffffff } text { fill: #1f2328; font: 11px system-ui, sans-serif }
  .title { font-size: 15px; font-weight: 600 } .panel { font-weight: 600 } .small { font-size: 9px }
  .line { stroke: #d1d9e0 } .spread { stroke: #1f2328; stroke-width: 1.2 }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117 } text { fill: #e6edf3 } .line { stroke: #3d444d } .spread { stroke: #e6edf3 }
  }`

/**
 * A picture of figures. It brings its background along, and changes it together with its text: on any page it is as
 * readable as on its own.
 */
export const picture = (
  title: string,
  { width, height }: { width: number; height: number },
  parts: readonly string[],
): string =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${title}</title>`,
    `<style>${STYLE}\n</style>`,
    `<rect class="ground" width="${width}" height="${height}"/>`,
    text(12, 24, title, 'class="title"'),
    ...parts,
    '</svg>\n',
  ].join('\n')

export function drawBars(plot: BarPlot): string {
  const legendLines = Math.ceil(plot.legend.length / LEGEND.perLine)
  const top = LEGEND.top + legendLines * LEGEND.line + 48
  const width = Math.max(plot.panels.length, 2) * PANEL.width + 16
  const height = top + PANEL.height + 40
  const legend = plot.legend.map(({ name, fill }, n) => {
    const x = 12 + (n % LEGEND.perLine) * LEGEND.width
    const y = LEGEND.top + Math.floor(n / LEGEND.perLine) * LEGEND.line
    return `<rect x="${x}" y="${y}" width="12" height="12" fill="${fill}"/>${text(x + 18, y + 10, name)}`
  })
  return picture(plot.title, { width, height }, [
    ...legend,
    text(12, top - 34, `bars: median, in ${plot.unit}; lines: least and most`),
    ...plot.panels.map((panel, n) => drawPanel(plot, panel, n * PANEL.width, top)),
  ])
}

function drawPanel(
  { legend }: BarPlot,
  { title, groups }: BarPlot['panels'][number],
  x: number,
  top: number,
): string {
  const most = Math.max(...groups.flatMap(({ bars }) => bars.map((spread) => spread?.most ?? 0)))
  const topValue = niceAbove(most)
  const yOf = (value: number) => top + PANEL.height * (1 - value / topValue)
  const groupWidth = (PANEL.width - PANEL.left - PANEL.gap) / groups.length
  const barWidth = Math.min(BAR.widthMax, (groupWidth - 6) / legend.length - BAR.between)
  const lines = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const y = yOf(share * topValue)
    const [from, to] = [x + PANEL.left, x + PANEL.width - PANEL.gap]
    return (
      `<line class="line" x1="${from}" x2="${to}" y1="${fixed(y)}" y2="${fixed(y)}"/>` +
      text(from - 5, y + 4, short(share * topValue), 'text-anchor="end"')
    )
  })
  const drawn = groups.map(({ label, bars }, n) => {
    const middle = x + PANEL.left + groupWidth * (n + 0.5)
    const left = middle - (legend.length * (barWidth + BAR.between)) / 2
    return [
      ...bars.map((spread, at) =>
        spread === undefined
          ? ''
          : drawBar(left + at * (barWidth + BAR.between), barWidth, spread, legend[at]?.fill ?? '', yOf),
      ),
      ...label.map((line, at) =>
        text(middle, top + PANEL.height + 16 + 13 * at, line, 'text-anchor="middle" class="small"'),
      ),
    ].join('')
  })
  return [text(x + PANEL.left, top - 12, title, 'class="panel"'), ...lines, ...drawn].join('\n')
}

function drawBar(
  x: number,
  width: number,
  { median, least, most }: Spread,
  fill: string,
  yOf: (value: number) => number,
): string {
  const middle = x + width / 2
  return [
    `<rect x="${fixed(x)}" y="${fixed(yOf(median))}" width="${fixed(width)}" height="${fixed(yOf(0) - yOf(median))}" fill="${fill}"/>`,
    `<line class="spread" x1="${fixed(middle)}" x2="${fixed(middle)}" y1="${fixed(yOf(least))}" y2="${fixed(yOf(most))}"/>`,
    text(middle, yOf(most) - 3, short(median), 'class="small" text-anchor="middle"'),
  ].join('')
}

/** One line in each panel, from 0 on. */
export interface LinePlot {
  title: string
  /** What the lower axis counts. */
  unit: string
  panels: readonly { title: string; points: readonly { x: number; y: number }[] }[]
}

const LINES = { perRow: 3, top: 50, height: 130, gap: 50, stroke: '#2b8ad6' }

export function drawLines({ title, unit, panels }: LinePlot): string {
  const rows = Math.ceil(panels.length / LINES.perRow)
  const size = {
    width: LINES.perRow * PANEL.width + 16,
    height: LINES.top + rows * (LINES.height + LINES.gap) + 10,
  }
  return picture(
    title,
    size,
    panels.map((panel, n) => {
      const top = LINES.top + Math.floor(n / LINES.perRow) * (LINES.height + LINES.gap) + 14
      return drawLine(panel, unit, (n % LINES.perRow) * PANEL.width, top)
    }),
  )
}

function drawLine(
  { title, points }: LinePlot['panels'][number],
  unit: string,
  x: number,
  top: number,
): string {
  const [from, to] = [x + PANEL.left, x + PANEL.width - PANEL.gap]
  const topValue = niceAbove(Math.max(...points.map(({ y }) => y)))
  const last = Math.max(...points.map((point) => point.x))
  const yOf = (value: number) => top + LINES.height * (1 - value / topValue)
  const line = points
    .map((point) => `${fixed(from + ((to - from) * point.x) / last)},${fixed(yOf(point.y))}`)
    .join(' ')
  return [
    text(from, top - 8, title, 'class="panel"'),
    ...[0, 0.5, 1].map(
      (share) =>
        `<line class="line" x1="${from}" x2="${to}" y1="${fixed(yOf(share * topValue))}" y2="${fixed(yOf(share * topValue))}"/>` +
        text(from - 5, yOf(share * topValue) + 4, short(share * topValue), 'text-anchor="end"'),
    ),
    `<polyline points="${line}" fill="none" stroke="${LINES.stroke}" stroke-width="1.5"/>`,
    text(to, top + LINES.height + 14, `${short(last)} ${unit}`, 'text-anchor="end" class="small"'),
  ].join('\n')
}

/** The least of 1, 2, 4 or 8 times a power of ten that is above the value. */
function niceAbove(value: number): number {
  if (value <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  return [1, 2, 4, 8, 10].map((step) => step * power).find((nice) => nice >= value * 1.08) ?? 20 * power
}

export const fixed = (value: number) => value.toFixed(1)

export const text = (x: number, y: number, content: string, attributes = ''): string =>
  `<text x="${fixed(x)}" y="${fixed(y)}" ${attributes}>${content}</text>`
