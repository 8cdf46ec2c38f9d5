import { drawBars } from '../instruments/plots.ts'
import type { Series } from './measure.ts'
import { CONDITIONS, type Condition } from './scenarios.ts'
import { figure, type Measurement } from './statistics.ts'

/** A panel for each condition. */
export interface Plot {
  title: string
  /** What the axis counts. */
  unit: string
  of: keyof Measurement
}

const BARS = [
  { name: '2PC', fill: '#d55e00' },
  { name: 'saga', fill: '#2b8ad6' },
] as const

const CONDITION_TITLES: Record<Condition, string> = {
  local: 'on one machine',
  network: '50 ms of network, each way',
  slow: 'payment takes 200 ms',
}

export const drawPlot = ({ title, unit, of }: Plot, series: readonly Series[]): string =>
  drawBars({
    title,
    unit,
    legend: BARS,
    panels: CONDITIONS.map((condition) => {
      const here = series.filter(({ scenario }) => scenario.condition === condition)
      return {
        title: CONDITION_TITLES[condition],
        groups: [...new Set(here.map(({ scenario }) => scenario))].map((scenario) => ({
          label: [`${scenario.inFlight} in flight`, scenario.isHot ? 'hot row' : ''],
          bars: BARS.map(({ name }) => {
            const found = here.find((one) => one.scenario === scenario && one.contestant === name)
            return found && figure(found.measurements, of)
          }),
        })),
      }
    }),
  })
