import { Link } from '@tanstack/react-router'
import { useLack } from '../../identity/principal.tsx'
import type { ReactNode } from 'react'
import { toneOfStatus, type Tone } from '../../ui/badge.tsx'
import { formatCount } from '../../ui/count.ts'
import { shortId } from '../../ui/id.tsx'
import { Amounts } from '../../ui/money.tsx'
import { span } from '../../ui/time.tsx'
import type { Overview } from './concerns.ts'

const DAY_MS = 24 * 60 * 60_000

type Orders = Overview['orders']

/** How many orders are where, and what they are worth. A figure leads to its orders. */
export const Figures = ({ orders, asOf }: { orders: Orders; asOf: string }) => (
  <section className="panel overview-figures" aria-label="Orders">
    <h2 className="overview-figures-title">Open now</h2>
    <dl className="overview-row">
      {orders.open.map(({ status, count }) => (
        <Figure key={status} name={status} tone={count > 0 ? toneOfStatus(status) : undefined}>
          <Link to="/orders" search={{ status }}>
            {formatCount(count)}
          </Link>
        </Figure>
      ))}
      <Figure name="money at risk" title="Totals of the orders that wait, compensate or are parked">
        <Amounts amounts={orders.atRisk} />
      </Figure>
      <Figure name={oldestName(orders)}>
        <Oldest orders={orders} asOf={asOf} />
      </Figure>
    </dl>
    <h2 className="overview-figures-title">Placed in the last 24 hours</h2>
    <LastDay lastDay={orders.lastDay} asOf={asOf} />
  </section>
)

const oldestName = ({ oldestOpen }: Orders) =>
  oldestOpen === null ? 'oldest open' : `oldest open, ${oldestOpen.status}`

function Oldest({ orders: { oldestOpen }, asOf }: { orders: Orders; asOf: string }) {
  if (oldestOpen === null) return <span className="faint">none</span>
  const { id, createdAt } = oldestOpen
  return (
    <Link to="/orders/$id" params={{ id }} title={`${shortId(id)}, placed ${createdAt}`}>
      {span(Date.parse(asOf) - Date.parse(createdAt))}
    </Link>
  )
}

interface FigureProps {
  name: string
  tone?: Tone | undefined
  title?: string
  children: ReactNode
}

const Figure = ({ name, tone, title, children }: FigureProps) => (
  <div className="overview-figure" data-tone={tone} title={title}>
    <dt>{name}</dt>
    <dd className="numeric">{children}</dd>
  </div>
)

/** What became of the orders of a day: one bar, and its parts in words. */
function LastDay({ lastDay, asOf }: { lastDay: Orders['lastDay']; asOf: string }) {
  const total = lastDay.reduce((sum, { count }) => sum + count, 0)
  const canPlace = useLack()('POST /orders') === undefined
  const shown = lastDay.filter(({ count }) => count > 0)
  const createdFrom = new Date(Date.parse(asOf) - DAY_MS).toISOString()
  if (total === 0)
    return (
      <p className="soft">
        No order was placed. {canPlace ? <Link to="/orders/new">Place one</Link> : undefined}
      </p>
    )
  return (
    <div className="overview-day">
      <div className="overview-day-bar" aria-hidden="true">
        {shown.map(({ status, count }) => (
          <span
            key={status}
            data-tone={toneOfStatus(status)}
            data-status={status}
            style={{ flexGrow: count }}
            title={`${status}: ${count}`}
          />
        ))}
      </div>
      <ul className="overview-day-words">
        {shown.map(({ status, count }) => (
          <li key={status} data-tone={toneOfStatus(status)}>
            <Link to="/orders" search={{ status, createdFrom }}>
              <span className="numeric">{formatCount(count)}</span> {status}
            </Link>
            <span className="faint numeric"> {share(count, total)}</span>
          </li>
        ))}
      </ul>
    </div>
  )
}

const share = (count: number, total: number) => {
  const percent = (count / total) * 100
  return percent < 1 ? '<1%' : `${Math.round(percent)}%`
}
