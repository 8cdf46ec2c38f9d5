import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { api, type Transfer } from '../../api.ts'
import { useLack } from '../../identity/principal.tsx'
import { titleOf } from '../../saga/words.ts'
import { PageHead } from '../../shell/page-head.tsx'
import { StatusBadge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { shortId } from '../../ui/id.tsx'
import { Money } from '../../ui/money.tsx'
import { More } from '../../ui/more.tsx'
import { Empty, Read } from '../../ui/states.tsx'
import { Time } from '../../ui/time.tsx'
import { NewTransferDialog } from './new-transfer-dialog.tsx'
import { TransferFilter } from './transfer-filter.tsx'
import './transfers.css'

const PAGE_ROWS = 50

/** The transfers, newest first. */
export function Page() {
  const search = useSearch({ from: '/transfers' })
  const navigate = useNavigate({ from: '/transfers' })
  const [isNew, setNew] = useState(false)
  const why = useLack()('POST /transfers')
  const transfers = api.useInfiniteQuery(
    'get',
    '/transfers',
    { params: { query: { ...search, limit: PAGE_ROWS } } },
    { initialPageParam: null, getNextPageParam: ({ nextCursor }) => nextCursor },
  )
  const isFiltered = Object.keys(search).length > 0
  return (
    <>
      <PageHead
        title="Transfers"
        lead="The second saga: withdraw from one account, deposit to another, and return the money if that is refused."
      >
        <Button
          look="primary"
          icon="plus"
          disabled={why !== undefined}
          title={why}
          onClick={() => setNew(true)}
        >
          New transfer
        </Button>
      </PageHead>
      <TransferFilter
        key={search.accountId}
        {...search}
        onChange={(to) => void navigate({ search: to, replace: true })}
      />
      <div className="panel">
        <Read of={transfers} lines={8}>
          {({ pages }) => {
            const rows = pages.flatMap(({ data }) => data)
            return rows.length === 0 ? (
              <NoTransfers isFiltered={isFiltered} />
            ) : (
              <TransferTable transfers={rows} />
            )
          }}
        </Read>
        <More of={transfers} />
      </div>
      {isNew ? (
        <NewTransferDialog sourceAccountId={search.accountId ?? ''} onClose={() => setNew(false)} />
      ) : undefined}
    </>
  )
}

const NoTransfers = ({ isFiltered }: { isFiltered: boolean }) =>
  isFiltered ? (
    <Empty title="No transfer is like that.">
      <Link to="/transfers">Show all transfers</Link>
    </Empty>
  ) : (
    <Empty title="There is no transfer yet.">
      <Link to="/accounts">Open two accounts</Link>, then transfer money between them.
    </Empty>
  )

const TransferTable = ({ transfers }: { transfers: readonly Transfer[] }) => (
  <div className="table-box" role="region" aria-label="All transfers" tabIndex={0}>
    <table className="table transfers-table">
      <thead>
        <tr>
          <th scope="col">Transfer</th>
          <th scope="col">Status</th>
          <th scope="col" className="number">
            Amount
          </th>
          <th scope="col">From</th>
          <th scope="col">To</th>
          <th scope="col">Reason</th>
          <th scope="col">Requested</th>
        </tr>
      </thead>
      <tbody>
        {transfers.map((transfer) => (
          <TransferRow key={transfer.id} transfer={transfer} />
        ))}
      </tbody>
    </table>
  </div>
)

function TransferRow({ transfer }: { transfer: Transfer }) {
  const { id, status, amountMinor, currency, sourceAccountId, destinationAccountId, reason, createdAt } =
    transfer
  return (
    <tr>
      <td>
        <Link to="/transfers/$id" params={{ id }} className="mono" title={id}>
          {shortId(id)}
        </Link>
      </td>
      <td className="transfers-status">
        <StatusBadge status={status} />
      </td>
      <td className="number">
        <Money amountMinor={amountMinor} currency={currency} />
      </td>
      <AccountCell id={sourceAccountId} />
      <AccountCell id={destinationAccountId} />
      <td
        className="soft"
        title={reason === null ? undefined : `At the step ${titleOf(reason.step).toLowerCase()}`}
      >
        {reason?.code}
      </td>
      <td>
        <Time at={createdAt} />
      </td>
    </tr>
  )
}

const AccountCell = ({ id }: { id: string }) => (
  <td>
    <Link to="/accounts/$id" params={{ id }} className="mono" title={id}>
      {id.length > 20 ? shortId(id) : id}
    </Link>
  </td>
)
