import { Link, useSearch } from '@tanstack/react-router'
import { useLack } from '../../identity/principal.tsx'
import { PageHead } from '../../shell/page-head.tsx'
import { Button } from '../../ui/button.tsx'
import { Failed, Read } from '../../ui/states.tsx'
import { GoToOrder } from './go-to-order.tsx'
import { OrderFilter } from './order-filter.tsx'
import { OrderTable } from './order-table.tsx'
import { Pager } from './pager.tsx'
import { useOrders } from './use-orders.ts'
import './orders.css'

/** Every order, newest first, by what it is looked for. */
export function Page() {
  const search = useSearch({ from: '/orders' })
  const { reading, orders, nextCursor, isStale, hasNewer, showNewest } = useOrders(search)
  const pager = (
    <Pager
      search={search}
      count={orders?.length}
      nextCursor={nextCursor}
      hasNewer={hasNewer}
      onShowNewest={showNewest}
    />
  )
  return (
    <>
      <PageHead title="Orders">
        <div className="row orders-head">
          <GoToOrder />
          <NewOrder />
        </div>
      </PageHead>
      <OrderFilter search={search} />
      <section className="panel" aria-label="Orders found" aria-busy={isStale}>
        {reading.error !== null && orders !== undefined ? <Failed error={reading.error} /> : undefined}
        <Read of={{ ...reading, data: orders }} lines={20}>
          {(found) => (
            <>
              {pager}
              <OrderTable orders={found} isStale={isStale} search={search} />
              {found.length > 20 ? pager : undefined}
            </>
          )}
        </Read>
      </section>
    </>
  )
}

function NewOrder() {
  const why = useLack()('POST /orders')
  if (why !== undefined)
    return (
      <Button disabled title={why}>
        New order
      </Button>
    )
  return (
    <Link to="/orders/new" className="button button-primary">
      New order
    </Link>
  )
}
