import { keepPreviousData } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useMemo } from 'react'
import { api, type Account } from '../../api.ts'
import { PageHead } from '../../shell/page-head.tsx'
import { CopyButton, shortId } from '../../ui/id.tsx'
import { Money } from '../../ui/money.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Read } from '../../ui/states.tsx'
import { VersionSlider } from '../../ui/version-slider.tsx'
import { AccountActions } from './account-actions.tsx'
import { AccountBadge } from './account-badge.tsx'
import { BalanceChart } from './balance-chart.tsx'
import { EntryTable } from './entry-table.tsx'
import { ledgerOf } from './ledger.ts'
import './accounts.css'

/** One account: what is on it, and how that came about. */
export function Page() {
  const { id } = useParams({ from: '/accounts/$id' })
  const { v: version } = useSearch({ from: '/accounts/$id' })
  const account = api.useQuery('get', '/accounts/{id}', { params: { path: { id } } })
  return (
    <>
      <PageHead
        title={`Account ${id.length > 20 ? shortId(id) : id}`}
        crumbs={<Link to="/accounts">Accounts</Link>}
      >
        {account.data === undefined ? undefined : <AccountActions account={account.data} />}
      </PageHead>
      <Read of={account} lines={8}>
        {(today) => <AccountBody today={today} version={version} />}
      </Read>
    </>
  )
}

/** As many as the API answers at once: only a hot account has more. */
const PAGE_EVENTS = 1000

function AccountBody({ today, version }: { today: Account; version: number | undefined }) {
  const { id, currency } = today
  const isPast = version !== undefined && version < today.version
  const past = api.useQuery(
    'get',
    '/accounts/{id}',
    { params: { path: { id }, query: { asOfVersion: version ?? today.version } } },
    { enabled: isPast, refetchInterval: false, placeholderData: keepPreviousData },
  )
  const events = api.useInfiniteQuery(
    'get',
    '/accounts/{id}/events',
    { params: { path: { id }, query: { limit: PAGE_EVENTS } } },
    { initialPageParam: null, getNextPageParam: ({ nextCursor }) => nextCursor },
  )
  const pages = events.data?.pages
  const entries = useMemo(() => ledgerOf(pages?.flatMap(({ data }) => data) ?? []), [pages])
  const navigate = useNavigate({ from: '/accounts/$id' })
  const go = (v: number | undefined) =>
    void navigate({ search: v === undefined ? {} : { v }, replace: true, resetScroll: false })
  const shown = isPast ? version : today.version
  return (
    <>
      <Summary account={isPast ? (past.data ?? today) : today} />
      <Panel
        title="Balance"
        className={isPast ? 'accounts-past' : ''}
        hint="After each of its events. Choose one to see the account as it was."
      >
        <div className="accounts-chart-place">
          <Read of={events} lines={6}>
            {() => (
              <BalanceChart
                entries={entries}
                currency={currency}
                version={shown}
                onGo={(to) => go(to === today.version ? undefined : to)}
              />
            )}
          </Read>
        </div>
        <VersionSlider what="account" version={version} newest={today.version} onGo={go} />
      </Panel>
      <Panel
        title="Events"
        aside={
          <Link to="/transfers" search={{ accountId: id }}>
            Its transfers
          </Link>
        }
        hint="Newest first. They are only ever added to: a transfer that turns back returns the money in a new event."
      >
        <Read of={events} lines={6}>
          {() => (
            <EntryTable
              entries={entries}
              currency={currency}
              version={shown}
              newest={today.version}
              of={events}
            />
          )}
        </Read>
      </Panel>
    </>
  )
}

const Summary = ({ account: { id, status, balanceMinor, currency, ownerId } }: { account: Account }) => (
  <section className="accounts-summary" aria-label="Summary">
    <AccountBadge status={status} />
    <strong className="accounts-balance">
      <Money amountMinor={balanceMinor} currency={currency} />
    </strong>
    <span className="soft">owned by {ownerId}</span>
    <span className="faint mono accounts-id">
      {id} <CopyButton text={id} what="the account id" />
    </span>
  </section>
)
