import { Link, useParams } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { api, type Return } from '../../api.ts'
import { useIsStaff } from '../../identity/principal.tsx'
import { EventTable } from '../../saga/event-table.tsx'
import { SagaMap } from '../../saga/saga-map.tsx'
import { TraceLink } from '../../saga/trace-link.tsx'
import { useOutlines } from '../../saga/use-outlines.ts'
import { PageHead } from '../../shell/page-head.tsx'
import { CopyButton, shortId } from '../../ui/id.tsx'
import { Icon } from '../../ui/icon.tsx'
import { Money } from '../../ui/money.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Read } from '../../ui/states.tsx'
import { Time } from '../../ui/time.tsx'
import { ReturnActions } from './return-actions.tsx'
import { ReturnBadge } from './return-badge.tsx'
import { decisionInWords, isAwaited, statusInWords } from './words.ts'
import './returns.css'

/** One return: what comes back, what it waits for, and what may be done to it. */
export function Page() {
  const { id } = useParams({ from: '/returns/$id' })
  const isStaff = useIsStaff()
  const found = api.useQuery('get', '/returns/{id}', { params: { path: { id } } })
  return (
    <>
      <PageHead
        title={`Return ${shortId(id)}`}
        crumbs={isStaff ? <Link to="/returns">Returns</Link> : <Link to="/orders">Orders</Link>}
      >
        {found.data === undefined ? undefined : <ReturnActions of={found.data} />}
      </PageHead>
      <Read of={found} lines={8}>
        {(data) => <ReturnBody of={data} />}
      </Read>
    </>
  )
}

function ReturnBody({ of }: { of: Return }) {
  const { definition, steps, workflow } = of
  const { outlines } = useOutlines(definition)
  return (
    <>
      <Summary of={of} />
      <Panel
        title="Saga"
        aside={
          <>
            <TraceLink of={of} />{' '}
            <a href={workflow.url} target="_blank" rel="noreferrer">
              Temporal history <Icon name="out" />
            </a>
          </>
        }
        hint="The first step waits for the decision and the parcel. After it nothing is undone: each step is tried until it is done."
      >
        <SagaMap steps={steps} outlines={outlines} label="The steps of this return" />
      </Panel>
      <div className="returns-columns">
        <Products of={of} />
        <Details of={of} />
      </div>
      <Events of={of} />
    </>
  )
}

function Summary({ of }: { of: Return }) {
  const { id, status, amountMinor, currency, orderId, customerId, createdAt } = of
  return (
    <section className="returns-summary" aria-label="Summary">
      <div className="returns-summary-head">
        <ReturnBadge status={status} />
        <strong className="returns-amount">
          <Money amountMinor={amountMinor} currency={currency} />
        </strong>
        <span className="soft">
          of order{' '}
          <Link to="/orders/$id" params={{ id: orderId }} className="mono" title={orderId}>
            {shortId(orderId)}
          </Link>{' '}
          for {customerId}
        </span>
        <span className="returns-when soft">
          requested <Time at={createdAt} />
        </span>
      </div>
      <p>{statusInWords(of)}</p>
      <p className="returns-id faint mono">
        {id} <CopyButton text={id} what="the return id" />
      </p>
    </section>
  )
}

const Products = ({ of: { lines, currency } }: { of: Return }) => (
  <Panel title="Products">
    <div className="table-box">
      <table className="table">
        <caption className="visually-hidden">What comes back</caption>
        <thead>
          <tr>
            <th scope="col">Product</th>
            <th scope="col" className="number">
              Quantity
            </th>
            <th scope="col" className="number">
              Each
            </th>
            <th scope="col" className="number">
              Amount
            </th>
          </tr>
        </thead>
        <tbody>
          {lines.map(({ sku, quantity, unitPriceMinor }) => (
            <tr key={sku}>
              <td>{sku}</td>
              <td className="number">{quantity}</td>
              <td className="number">
                <Money amountMinor={unitPriceMinor} currency={currency} />
              </td>
              <td className="number">
                <Money amountMinor={unitPriceMinor * quantity} currency={currency} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  </Panel>
)

function Details({ of }: { of: Return }) {
  const { reason, decision, parcelReceivedAt, deadlineAt } = of
  return (
    <Panel title="Details">
      <dl className="facts">
        <Fact name="Reason">{reason ?? <span className="faint">The reason was erased.</span>}</Fact>
        <Fact name="Decision">
          {decision === null ? (
            <span className="faint">none yet</span>
          ) : (
            <>
              {decisionInWords(decision)}, <Time at={decision.at} />
            </>
          )}
        </Fact>
        <Fact name="Parcel">
          {parcelReceivedAt === null ? (
            <span className="faint">has not arrived</span>
          ) : (
            <>
              arrived <Time at={parcelReceivedAt} />
            </>
          )}
        </Fact>
        {isAwaited(of) ? (
          <Fact name="Expires">
            <Time at={deadlineAt} />
          </Fact>
        ) : undefined}
      </dl>
    </Panel>
  )
}

const Fact = ({ name, children }: { name: string; children: ReactNode }) => (
  <>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </>
)

function Events({ of: { id, version } }: { of: Return }) {
  const events = api.useQuery('get', '/returns/{id}/events', { params: { path: { id } } })
  return (
    <Panel
      title="Events"
      aside={<span className="faint numeric">{version} so far</span>}
      hint="Append-only, one version each. The decision and the parcel come in any order."
    >
      <Read of={events} lines={4}>
        {({ data }) => <EventTable events={data} label="Events of the return" />}
      </Read>
    </Panel>
  )
}
