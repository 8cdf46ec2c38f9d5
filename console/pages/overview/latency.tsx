import { titleOf } from '../../saga/words.ts'
import { formatCount } from '../../ui/count.ts'
import { Panel } from '../../ui/panel.tsx'
import { Empty } from '../../ui/states.tsx'
import { span } from '../../ui/time.tsx'
import type { Overview } from './concerns.ts'
import { placeOnLog } from './log-scale.ts'

interface Row {
  name: string
  p50: number
  p99: number
}

/** How long orders and their steps take: from the median to the slowest hundredth. */
export function Latency({ latency: { sample, toTerminalMs, steps } }: { latency: Overview['latency'] }) {
  const rows: Row[] = [
    ...(toTerminalMs === null ? [] : [{ name: 'Placed to terminal', ...toTerminalMs }]),
    ...steps
      .filter(({ count }) => count > 0)
      .map(({ name, p50Ms, p99Ms }) => ({ name: titleOf(name), p50: p50Ms, p99: p99Ms })),
  ]
  const max = Math.max(...rows.map(({ p99 }) => p99))
  return (
    <Panel
      title="Latency"
      aside={
        <span className="faint numeric">
          {sample === 0 ? undefined : `of the last ${formatCount(sample)} that ended within an hour`}
        </span>
      }
    >
      {rows.length === 0 ? (
        <Empty title="No order ended within the last hour.">
          Latencies appear with the first one that does.
        </Empty>
      ) : (
        <table className="table overview-latency">
          <thead>
            <tr>
              <th scope="col">Step</th>
              <th scope="col" className="number">
                p50
              </th>
              <th scope="col" className="number">
                p99
              </th>
              <th scope="col" className="overview-range-head">
                p50 to p99, logarithmic
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row, index) => (
              <LatencyRow key={row.name} row={row} max={max} isWhole={index === 0 && toTerminalMs !== null} />
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  )
}

const percent = (share: number) => `${(share * 100).toFixed(2)}%`

function LatencyRow({ row: { name, p50, p99 }, max, isWhole }: { row: Row; max: number; isWhole: boolean }) {
  const [from, to] = [placeOnLog(p50, max), placeOnLog(p99, max)]
  return (
    <tr className={isWhole ? 'overview-whole' : undefined}>
      <th scope="row">{name}</th>
      <td className="number">{span(p50)}</td>
      <td className="number">{span(p99)}</td>
      <td className="overview-range">
        <div aria-hidden="true">
          <span style={{ left: percent(from), width: percent(to - from) }} />
        </div>
      </td>
    </tr>
  )
}
