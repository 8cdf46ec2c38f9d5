import { Link } from '@tanstack/react-router'
import { api } from '../../api.ts'
import type { paths } from '../../api-types.ts'
import { Money } from '../../ui/money.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Empty, Read } from '../../ui/states.tsx'
import { Time } from '../../ui/time.tsx'
import type { FailureGroup } from './group.ts'
import { SagaLink } from './saga-link.tsx'

const FIRST = 20

type OrderQuery = NonNullable<paths['/orders']['get']['parameters']['query']>
type Conditions = Pick<OrderQuery, 'status' | 'reasonCode' | 'step'>

/** The newest of a rejected group; the rest is found among the orders. */
export function RejectedTable({
  group: { kind, step, code },
  hours,
}: {
  group: FailureGroup
  hours: number
}) {
  const isOfOrders = kind === 'order'
  // The API takes back what it has given.
  const query = { status: 'rejected', reasonCode: code, step } as Conditions
  const orders = api.useQuery(
    'get',
    '/orders',
    { params: { query: { ...query, limit: FIRST } } },
    { enabled: isOfOrders },
  )
  if (!isOfOrders)
    return (
      <Panel title="Transfers">
        <Empty title="Rejected transfers are listed with all transfers.">
          <Link to="/transfers" search={{ status: 'rejected' }}>
            To the rejected transfers
          </Link>
        </Empty>
      </Panel>
    )
  return (
    <Panel
      title="Orders"
      aside={
        <Link to="/orders" search={query}>
          All of them
        </Link>
      }
      hint={`Newest first, also those placed more than ${hours} hours ago. Each shows what was undone.`}
    >
      <Read of={orders} lines={6}>
        {({ data }) => (
          <div className="table-box">
            <table className="table">
              <caption className="visually-hidden">The newest orders of this group</caption>
              <thead>
                <tr>
                  <th scope="col">Order</th>
                  <th scope="col">Placed</th>
                  <th scope="col" className="wide">
                    Customer
                  </th>
                  <th scope="col" className="number">
                    Value
                  </th>
                </tr>
              </thead>
              <tbody>
                {data.map(({ id, createdAt, customerId, totalMinor, currency }) => (
                  <tr key={id}>
                    <td>
                      <SagaLink kind="order" id={id} />
                    </td>
                    <td>
                      <Time at={createdAt} />
                    </td>
                    <td className="wide">{customerId}</td>
                    <td className="number">
                      <Money amountMinor={totalMinor} currency={currency} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Read>
    </Panel>
  )
}
