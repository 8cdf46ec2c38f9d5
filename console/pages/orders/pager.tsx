import { Link, useLocation, useRouter } from '@tanstack/react-router'
import { Button } from '../../ui/button.tsx'
import { Icon } from '../../ui/icon.tsx'
import type { OrdersSearch } from './search.ts'

declare module '@tanstack/react-router' {
  interface HistoryState {
    /** The entry before this one is the page of newer items. */
    isOlderPage?: boolean
  }
}

export interface PagerProps {
  search: OrdersSearch
  /** How many are shown; undefined while they are read. */
  count: number | undefined
  nextCursor: string | null
  hasNewer: boolean
  onShowNewest: () => void
}

/** From page to page. Where a page begins is in the URL, and the browser's back leads to the newer one, too. */
export function Pager({ search, count, nextCursor, hasNewer, onShowNewest }: PagerProps) {
  const { history } = useRouter()
  const cameFromNewer = useLocation({ select: ({ state }) => state.isOlderPage === true })
  const { cursor, ...filter } = search
  const isFirst = cursor === undefined
  return (
    <div className="orders-pager">
      <span className={hasNewer && isFirst ? 'orders-fresh' : 'soft numeric'} role="status">
        {hasNewer && isFirst ? 'Newer orders have come.' : wordsOf(count, isFirst)}
      </span>
      <div className="row">
        {isFirst ? (
          <Button
            onClick={onShowNewest}
            disabled={!hasNewer}
            title={hasNewer ? 'Show them' : 'The newest orders are shown.'}
          >
            Newest
          </Button>
        ) : (
          <Link to="/orders" search={filter} className="button">
            Newest
          </Link>
        )}
        <Button
          icon="back"
          disabled={!cameFromNewer}
          title={cameFromNewer || isFirst ? undefined : 'Use Newest: this page was opened by its URL.'}
          onClick={() => history.back()}
        >
          Newer
        </Button>
        {nextCursor === null ? (
          <Button disabled title="There are no older orders.">
            Older
            <Icon name="next" />
          </Button>
        ) : (
          <Link
            to="/orders"
            search={{ ...filter, cursor: nextCursor }}
            state={{ isOlderPage: true }}
            className="button"
          >
            Older
            <Icon name="next" />
          </Link>
        )}
      </div>
    </div>
  )
}

function wordsOf(count: number | undefined, isFirst: boolean): string {
  if (count === undefined || count === 0) return ''
  return `${count} ${count === 1 ? 'order' : 'orders'}${isFirst ? ', newest first' : ' of an older page'}`
}
