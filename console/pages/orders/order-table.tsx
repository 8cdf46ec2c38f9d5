import { Link } from '@tanstack/react-router'
import { memo } from 'react'
import type { Order } from '../../api.ts'
import { useLack } from '../../identity/principal.tsx'
import { StatusBadge } from '../../ui/badge.tsx'
import { CopyButton, shortId } from '../../ui/id.tsx'
import { Money } from '../../ui/money.tsx'
import { Empty } from '../../ui/states.tsx'
import { duration, span, Time, useNow } from '../../ui/time.tsx'
import { isOpen } from '../order/forecast.ts'
import { itemsOf, whyOf } from './order-rows.ts'
import type { OrdersSearch } from './search.ts'

export interface OrderTableProps {
  orders: readonly Order[]
  /** They are of another search: this one is being read. */
  isStale: boolean
  search: OrdersSearch
}

/** The columns keep their widths, whatever comes. */
export function OrderTable({ orders, isStale, search }: OrderTableProps) {
  if (orders.length === 0) return <NoOrders search={search} />
  return (
    <div className="table-box">
      <table className="table orders-table" data-stale={isStale}>
        <caption className="visually-hidden">Orders, newest first</caption>
        <thead>
          <tr>
            <th scope="col" className="orders-col-status">
              Status
            </th>
            <th scope="col" className="orders-col-id">
              Order
            </th>
            <th scope="col" className="number orders-col-total">
              Total
            </th>
            <th scope="col">Reason</th>
            <th scope="col" className="orders-col-customer">
              Customer
            </th>
            <th scope="col" className="orders-col-items">
              Items
            </th>
            <th scope="col" className="number orders-col-time">
              Placed
            </th>
            <th scope="col" className="number orders-col-took">
              Took
            </th>
          </tr>
        </thead>
        <tbody>
          {orders.map((order) => (
            <OrderRow key={order.id} order={order} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** An order that is read again and is the same is the same object: its row is not drawn again. */
const OrderRow = memo(function OrderRow({ order }: { order: Order }) {
  const { id, status, totalMinor, currency, customerId, lines, createdAt } = order
  const items = itemsOf(lines)
  const why = whyOf(order)
  return (
    <tr>
      <td>
        <StatusBadge status={status} />
      </td>
      <th scope="row" className="orders-id">
        <Link to="/orders/$id" params={{ id }} className="mono" title={id}>
          {shortId(id)}
        </Link>{' '}
        <CopyButton text={id} what={`the id of order ${shortId(id)}`} />
      </th>
      <td className="number">
        <Money amountMinor={totalMinor} currency={currency} />
      </td>
      <td className="orders-why" title={why}>
        {why}
      </td>
      <td className="orders-cut">
        <Link
          to="/orders"
          search={{ customerId }}
          className="orders-customer"
          title={`Orders of ${customerId}`}
        >
          {customerId}
        </Link>
      </td>
      <td className="orders-cut soft" title={items}>
        {items}
      </td>
      <td className="number soft">
        <Time at={createdAt} />
      </td>
      <td className="number soft">
        <Took order={order} />
      </td>
    </tr>
  )
})

/** From placing to its end, or so far. */
function Took({ order }: { order: Order }) {
  const placed = Date.parse(order.createdAt)
  const now = useNow()
  if (!isOpen(order)) return span(Date.parse(order.updatedAt) - placed)
  return <span title="It has not ended">{duration(now - placed)} so far</span>
}

function NoOrders({ search }: { search: OrdersSearch }) {
  const lack = useLack()
  if (Object.keys(search).length > 0)
    return (
      <Empty title="No order fits.">
        Change the filter above, or <Link to="/orders">show all orders</Link>.
      </Empty>
    )
  return (
    <Empty title="No order was placed yet.">
      {lack('POST /orders') === undefined ? <Link to="/orders/new">Place the first one.</Link> : undefined}
      {lack('PUT /development/faults') === undefined ? (
        <>
          {' '}
          Or take the <Link to="/tour">guided tour</Link>, which places them for you.
        </>
      ) : undefined}
    </Empty>
  )
}
