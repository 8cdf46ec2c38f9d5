import { useEffect, useRef } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import type { Tone } from './badge.tsx'

export interface ChartProps {
  /** Seconds since the epoch, ascending. */
  at: readonly number[]
  series: readonly { name: string; tone: Tone; values: readonly number[] }[]
  /** What it shows, for those who do not see it. */
  label: string
  /** The moment that the pointer is at, by its index; undefined when it has left. */
  onPoint: (index: number | undefined) => void
}

const HEIGHT = 226

const HOUR = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })

/** Lines over time. It takes its colours from the tokens each time it is drawn, so it follows the theme. */
export function Chart({ at, series, label, onPoint }: ChartProps) {
  const box = useRef<HTMLDivElement>(null)
  const chart = useRef<uPlot>(undefined)
  const point = useRef(onPoint)
  point.current = onPoint
  const data = [at, ...series.map(({ values }) => values)] as unknown as uPlot.AlignedData
  const names = series.map(({ name, tone }) => `${name}:${tone}`).join()

  useEffect(() => {
    const element = box.current
    if (element === null) return
    const made = new uPlot(
      optionsOf(element, series, (index) => point.current(index)),
      data,
      element,
    )
    chart.current = made
    const stop = follow(element, made)
    return () => {
      stop()
      made.destroy()
    }
    // The data come by `setData` below; only other series are another chart.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [names])
  useEffect(() => chart.current?.setData(data))

  return <div ref={box} className="chart" role="img" aria-label={label} />
}

function optionsOf(
  element: HTMLElement,
  series: ChartProps['series'],
  onPoint: ChartProps['onPoint'],
): uPlot.Options {
  const color = (name: string) => () => colorOf(element, name)
  const axis = {
    stroke: color('ink-faint'),
    font: '11px system-ui',
    grid: { stroke: color('line'), width: 1 },
    ticks: { show: false },
  }
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false } },
    // From zero, and never so close that a single order looks like a storm.
    scales: { y: { range: (_chart, _min, max) => [0, Math.max(0.5, max * 1.1)] } },
    axes: [
      {
        ...axis,
        space: 70,
        size: 28,
        grid: { show: false },
        values: (_chart, splits) => splits.map((seconds) => HOUR.format(seconds * 1000)),
      },
      { ...axis, size: 34, space: 32 },
    ],
    series: [{}, ...series.map(({ tone }) => ({ stroke: color(tone), width: 1.5, points: { show: false } }))],
    hooks: { setCursor: [({ cursor: { idx } }) => onPoint(idx ?? undefined)] },
  }
}

/** A token as the canvas wants it: a custom property itself may be `light-dark(…)`. */
function colorOf(element: HTMLElement, token: string): string {
  element.style.color = `var(--${token})`
  const { color } = getComputedStyle(element)
  element.style.color = ''
  return color
}

/** The width of its place, and the theme. @returns what ends it. */
function follow(element: HTMLElement, chart: uPlot): () => void {
  const size = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: HEIGHT }))
  size.observe(element)
  const theme = new MutationObserver(() => chart.redraw(false))
  theme.observe(document.documentElement, { attributeFilter: ['data-theme'] })
  const system = matchMedia('(prefers-color-scheme: dark)')
  const redraw = () => chart.redraw(false)
  system.addEventListener('change', redraw)
  return () => {
    size.disconnect()
    theme.disconnect()
    system.removeEventListener('change', redraw)
  }
}
