import { useState } from 'react'
import { Panel } from '../../ui/panel.tsx'
import { Chart } from '../../ui/chart.tsx'
import { CLOCK } from '../../ui/time.tsx'
import type { Overview } from './concerns.ts'
import { ratesOf, SERIES } from './rates.ts'

const RATE = new Intl.NumberFormat(undefined, { minimumFractionDigits: 1, maximumFractionDigits: 1 })

/** Orders per second over the last ten minutes. It brings the chart library, so it is loaded when it is shown. */
export default function Throughput({ throughput }: { throughput: Overview['throughput'] }) {
  const [pointed, setPointed] = useState<number | undefined>()
  const { at, rates } = ratesOf(throughput)
  const index = Math.min(pointed ?? at.length - 1, at.length - 1)
  const moment = at[index]
  return (
    <Panel
      title="Throughput"
      aside={
        <span className="faint numeric">
          orders per second
          {moment === undefined ? '' : `, ${throughput.bucketSeconds} s from ${CLOCK.format(moment * 1000)}`}
        </span>
      }
    >
      <ul className="overview-legend">
        {SERIES.map(({ name, tone }, series) => (
          <li key={name} data-tone={tone}>
            {name} <strong className="numeric">{RATE.format(rates[series]?.[index] ?? 0)}</strong>
          </li>
        ))}
      </ul>
      <Chart
        at={at}
        series={SERIES.map(({ name, tone }, series) => ({ name, tone, values: rates[series] ?? [] }))}
        label="Orders placed, completed, and rejected or cancelled per second, over the last ten minutes"
        onPoint={setPointed}
      />
    </Panel>
  )
}
