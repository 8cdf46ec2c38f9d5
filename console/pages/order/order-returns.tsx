import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { api, type Order, type Return } from '../../api.ts'
import { useLack } from '../../identity/principal.tsx'
import { Button } from '../../ui/button.tsx'
import { shortId } from '../../ui/id.tsx'
import { Money } from '../../ui/money.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Empty, Read } from '../../ui/states.tsx'
import { Time } from '../../ui/time.tsx'
import { itemsOf } from '../orders/order-rows.ts'
import { ReturnBadge } from '../returns/return-badge.tsx'
import { NewReturnDialog } from './new-return-dialog.tsx'
import { returnableOf } from './returnable.ts'

/** What was sent back of a completed order, and the way to send something back. */
export function OrderReturns({ order }: { order: Order }) {
  const { id, lines } = order
  const [isNew, setNew] = useState(false)
  const lack = useLack()
  const digital = useDigital()
  const returns = api.useQuery('get', '/orders/{id}/returns', { params: { path: { id } } })
  const left = returnableOf(lines, returns.data?.data ?? [], digital)
  const why =
    lack('POST /orders/{id}/returns') ??
    (left.length === 0 ? 'Nothing of it is left to be sent back.' : undefined)
  return (
    <Panel
      title="Returns"
      aside={
        <Button disabled={why !== undefined || !returns.isSuccess} title={why} onClick={() => setNew(true)}>
          Send something back
        </Button>
      }
      hint="Each is a saga of its own. The order stays completed."
    >
      <Read of={returns}>
        {({ data }) =>
          data.length === 0 ? <Empty title="Nothing was sent back." /> : <ReturnTable returns={data} />
        }
      </Read>
      {isNew ? <NewReturnDialog order={order} left={left} onClose={() => setNew(false)} /> : undefined}
    </Panel>
  )
}

const NONE: ReadonlySet<string> = new Set()

/** The SKUs of what is not shipped, so that it cannot come back; none while they are read. */
function useDigital(): ReadonlySet<string> {
  const { data } = api.useQuery(
    'get',
    '/products',
    { params: { query: { limit: 100 } } },
    { staleTime: Number.POSITIVE_INFINITY, refetchInterval: false },
  )
  if (data === undefined) return NONE
  return new Set(data.data.filter(({ kind }) => kind === 'digital').map(({ sku }) => sku))
}

const ReturnTable = ({ returns }: { returns: readonly Return[] }) => (
  <div className="table-box" role="region" aria-label="Returns of the order" tabIndex={0}>
    <table className="table order-returns">
      <thead>
        <tr>
          <th scope="col">Return</th>
          <th scope="col">Status</th>
          <th scope="col" className="number">
            Amount
          </th>
          <th scope="col">Products</th>
          <th scope="col">Requested</th>
        </tr>
      </thead>
      <tbody>
        {returns.map(({ id, status, amountMinor, currency, lines, createdAt }) => (
          <tr key={id}>
            <td>
              <Link to="/returns/$id" params={{ id }} className="mono" title={id}>
                {shortId(id)}
              </Link>
            </td>
            <td>
              <ReturnBadge status={status} />
            </td>
            <td className="number">
              <Money amountMinor={amountMinor} currency={currency} />
            </td>
            <td>{itemsOf(lines)}</td>
            <td>
              <Time at={createdAt} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
)
