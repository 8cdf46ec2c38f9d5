import { formatMoney } from '../../ui/money.tsx'
import type { Entry } from './ledger.ts'
import { stepLine } from './step-line.ts'

interface BalanceChartProps {
  entries: readonly Entry[]
  currency: string
  /** The version that is shown. */
  version: number
  onGo: (version: number) => void
}

/** The balance after each event. For the keyboard there is the slider below it. */
export function BalanceChart({ entries, currency, version, onGo }: BalanceChartProps) {
  const balances = entries.map(({ balanceMinor }) => balanceMinor)
  const { line, area, top } = stepLine(balances)
  const width = 100 / Math.max(1, entries.length)
  const label = `Balance after each of ${entries.length} events: at most ${formatMoney(Math.max(0, ...balances), currency)}, now ${formatMoney(balances.at(-1) ?? 0, currency)}.`
  return (
    <div className="balance-chart">
      <span className="balance-top numeric">{formatMoney(top, currency)}</span>
      <span className="balance-zero numeric">{formatMoney(0, currency)}</span>
      <div
        className="balance-plot"
        onClick={({ clientX, currentTarget }) => {
          const { left, width: whole } = currentTarget.getBoundingClientRect()
          const at = Math.floor(((clientX - left) / whole) * entries.length) + 1
          onGo(Math.min(Math.max(at, 1), entries.length))
        }}
      >
        <svg viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-label={label}>
          <path className="balance-area" d={area} />
          <path className="balance-line" d={line} />
        </svg>
        {entries.length < 2 || version > entries.length ? undefined : (
          <span className="balance-mark" style={{ left: `${(version - 1) * width}%`, width: `${width}%` }} />
        )}
      </div>
      <span className="balance-first">version 1</span>
      <span className="balance-last numeric">{entries.length}</span>
    </div>
  )
}
