import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { api, type Return } from '../../api.ts'
import { PageHead } from '../../shell/page-head.tsx'
import { Choice } from '../../ui/choice.tsx'
import { shortId } from '../../ui/id.tsx'
import { Money } from '../../ui/money.tsx'
import { More } from '../../ui/more.tsx'
import { Empty, Read } from '../../ui/states.tsx'
import { Time } from '../../ui/time.tsx'
import { itemsOf } from '../orders/order-rows.ts'
import { ReturnBadge } from './return-badge.tsx'
import { FILTERS, type Filter } from './search.ts'
import './returns.css'

const PAGE_ROWS = 50

/** The returns, newest first; those that wait for a decision unless others are asked for. */
export function Page() {
  const { status = 'requested' } = useSearch({ from: '/returns' })
  const navigate = useNavigate({ from: '/returns' })
  const filter = status === 'all' ? {} : { status }
  const returns = api.useInfiniteQuery(
    'get',
    '/operations/returns',
    { params: { query: { ...filter, limit: PAGE_ROWS } } },
    { initialPageParam: null, getNextPageParam: ({ nextCursor }) => nextCursor },
  )
  return (
    <>
      <PageHead
        title="Returns"
        lead="What customers send back of completed orders. Each waits for a decision and for its parcel, in any order."
      />
      <div>
        <Choice
          label="Status"
          value={status}
          options={FILTERS}
          onChange={(to) =>
            void navigate({ search: to === 'requested' ? {} : { status: to }, replace: true })
          }
        />
      </div>
      <div className="panel">
        <Read of={returns} lines={8}>
          {({ pages }) => {
            const rows = pages.flatMap(({ data }) => data)
            return rows.length === 0 ? <NoReturns status={status} /> : <ReturnTable returns={rows} />
          }}
        </Read>
        <More of={returns} />
      </div>
    </>
  )
}

const NoReturns = ({ status }: { status: Filter }) =>
  status === 'all' ? (
    <Empty title="There is no return yet.">
      A return is requested on the page of a <Link to="/orders">completed order</Link>.
    </Empty>
  ) : (
    <Empty title={status === 'requested' ? 'No return waits for a decision.' : `No return is ${status}.`}>
      <Link to="/returns" search={{ status: 'all' }}>
        Show all returns
      </Link>
    </Empty>
  )

const ReturnTable = ({ returns }: { returns: readonly Return[] }) => (
  <div className="table-box" role="region" aria-label="Returns found" tabIndex={0}>
    <table className="table returns-table">
      <thead>
        <tr>
          <th scope="col">Return</th>
          <th scope="col">Status</th>
          <th scope="col" className="number">
            Amount
          </th>
          <th scope="col">Products</th>
          <th scope="col">Parcel</th>
          <th scope="col">Order</th>
          <th scope="col">Customer</th>
          <th scope="col">Requested</th>
        </tr>
      </thead>
      <tbody>
        {returns.map((each) => (
          <ReturnRow key={each.id} of={each} />
        ))}
      </tbody>
    </table>
  </div>
)

const ReturnRow = ({
  of: { id, status, amountMinor, currency, lines, parcelReceivedAt, orderId, customerId, createdAt },
}: {
  of: Return
}) => (
  <tr>
    <td>
      <Link to="/returns/$id" params={{ id }} className="mono" title={id}>
        {shortId(id)}
      </Link>
    </td>
    <td className="returns-status">
      <ReturnBadge status={status} />
    </td>
    <td className="number">
      <Money amountMinor={amountMinor} currency={currency} />
    </td>
    <td>{itemsOf(lines)}</td>
    <td className="soft">{parcelReceivedAt === null ? 'not yet' : <Time at={parcelReceivedAt} />}</td>
    <td>
      <Link to="/orders/$id" params={{ id: orderId }} className="mono" title={orderId}>
        {shortId(orderId)}
      </Link>
    </td>
    <td>{customerId}</td>
    <td>
      <Time at={createdAt} />
    </td>
  </tr>
)
