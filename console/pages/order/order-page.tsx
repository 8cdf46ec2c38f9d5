import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { keepPreviousData } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { api, type Order } from '../../api.ts'
import { useLack } from '../../identity/principal.tsx'
import { SagaMap } from '../../saga/saga-map.tsx'
import { useOutlines } from '../../saga/use-outlines.ts'
import { titleOf } from '../../saga/words.ts'
import { PageHead } from '../../shell/page-head.tsx'
import { StatusBadge } from '../../ui/badge.tsx'
import { CopyButton, shortId } from '../../ui/id.tsx'
import { Money } from '../../ui/money.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Read } from '../../ui/states.tsx'
import { duration, Time, useNow } from '../../ui/time.tsx'
import { VersionSlider } from '../../ui/version-slider.tsx'
import { EventList } from './event-list.tsx'
import { forecast, isOpen } from './forecast.ts'
import { Lanes } from './lanes.tsx'
import { OrderActions } from './order-actions.tsx'
import { OrderReturns } from './order-returns.tsx'
import { ParkedLine } from './parked-line.tsx'
import { References } from './references.tsx'
import './order.css'

/** One order: what it is, how it came about, and what may be done to it. */
export function Page() {
  const { id } = useParams({ from: '/orders/$id' })
  const { v: version } = useSearch({ from: '/orders/$id' })
  const order = api.useQuery('get', '/orders/{id}', { params: { path: { id } } })
  return (
    <>
      <PageHead title={`Order ${shortId(id)}`} crumbs={<Link to="/orders">Orders</Link>}>
        {order.data === undefined ? undefined : <OrderActions order={order.data} />}
      </PageHead>
      <Read of={order} lines={8}>
        {(today) => <OrderBody today={today} version={version} />}
      </Read>
    </>
  )
}

function OrderBody({ today, version }: { today: Order; version: number | undefined }) {
  const { id } = today
  const isPast = version !== undefined && version < today.version
  const past = api.useQuery(
    'get',
    '/orders/{id}',
    { params: { path: { id }, query: { asOfVersion: version ?? today.version } } },
    { enabled: isPast, refetchInterval: false, placeholderData: keepPreviousData },
  )
  const order = isPast ? (past.data ?? today) : today
  const isTimelineShown = useLack()('GET /orders/{id}/timeline') === undefined
  const { outlines, compensationOf } = useOutlines(order.definition)
  const navigate = useNavigate({ from: '/orders/$id' })
  const go = (v: number | undefined) =>
    void navigate({ search: v === undefined ? {} : { v }, replace: true, resetScroll: false })
  return (
    <>
      <Summary order={order}>
        {isTimelineShown && order.status === 'parked' && !isPast ? <ParkedLine order={order} /> : undefined}
      </Summary>
      <Panel
        title="Saga"
        className={isPast ? 'order-past' : ''}
        aside={
          <span className="faint">
            <span className="mono">{order.definition}</span>
            {order.coordination === 'choreography'
              ? ' · choreography: no workflow, each step waits for an event'
              : ''}
          </span>
        }
        hint={forecast(order, compensationOf)}
      >
        <SagaMap
          steps={order.steps}
          outlines={outlines}
          coordination={order.coordination}
          label="The steps of this order"
        />
        <VersionSlider what="order" version={version} newest={today.version} onGo={go} />
      </Panel>
      {today.status === 'completed' ? <OrderReturns order={today} /> : undefined}
      {isTimelineShown ? <Lanes order={today} /> : undefined}
      <div className="order-columns">
        <EventList order={today} />
        {isTimelineShown ? <References order={today} /> : undefined}
      </div>
    </>
  )
}

function Summary({ order, children }: { order: Order; children: ReactNode }) {
  const { id, status, reason, customerId, createdAt, totalMinor, currency, lines } = order
  return (
    <section className="order-summary" aria-label="Summary">
      <div className="order-summary-head">
        <StatusBadge status={status} />
        <strong className="order-amount">
          <Money amountMinor={totalMinor} currency={currency} />
        </strong>
        <span className="soft">
          {lines.map(({ sku, quantity }) => `${quantity} × ${sku}`).join(', ')} for{' '}
          <Link to="/orders" search={{ customerId }}>
            {customerId}
          </Link>
        </span>
        <span className="order-when soft">
          placed <Time at={createdAt} />
          {isOpen(order) ? <Deadline order={order} /> : undefined}
        </span>
      </div>
      {reason === null ? undefined : (
        <p className="order-reason" data-tone={status === 'cancelled' ? 'neutral' : 'failed'}>
          <strong>{reason.code}</strong> at {titleOf(reason.step).toLowerCase()}
          {reason.detail === null ? '' : `: ${reason.detail}`}
        </p>
      )}
      {children}
      <p className="order-id faint mono">
        {id} <CopyButton text={id} what="the order id" />
      </p>
    </section>
  )
}

/** How long it may still go forward. A compensation has no deadline. */
function Deadline({ order: { deadlineAt, status, reason } }: { order: Order }) {
  const leftMs = Date.parse(deadlineAt) - useNow()
  if (status === 'compensating' || reason !== null) return null
  return (
    <>
      {' · '}
      <span title={deadlineAt} className={leftMs < 60_000 ? 'order-late' : ''}>
        {leftMs > 0 ? `deadline in ${duration(leftMs)}` : 'deadline passed'}
      </span>
    </>
  )
}
