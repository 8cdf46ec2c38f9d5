import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { api, type Account } from '../../api.ts'
import { useIsStaff, useLack } from '../../identity/principal.tsx'
import { PageHead } from '../../shell/page-head.tsx'
import { Button } from '../../ui/button.tsx'
import { More } from '../../ui/more.tsx'
import { Money } from '../../ui/money.tsx'
import { Empty, Read } from '../../ui/states.tsx'
import { AccountBadge } from './account-badge.tsx'
import { OpenAccountDialog } from './open-account-dialog.tsx'
import './accounts.css'

const PAGE_ROWS = 50

/** Every account. */
export function Page() {
  const [isOpening, setOpening] = useState(false)
  const isStaff = useIsStaff()
  const why = useLack()('POST /accounts')
  const accounts = api.useInfiniteQuery(
    'get',
    '/accounts',
    { params: { query: { limit: PAGE_ROWS } } },
    { initialPageParam: null, getNextPageParam: ({ nextCursor }) => nextCursor },
  )
  return (
    <>
      <PageHead
        title="Accounts"
        lead="Event-sourced accounts: a balance is the sum of its events. Transfers move money between two of them."
      >
        {isStaff ? (
          <Button
            look="primary"
            icon="plus"
            disabled={why !== undefined}
            title={why}
            onClick={() => setOpening(true)}
          >
            Open account
          </Button>
        ) : undefined}
      </PageHead>
      <FindAccount />
      <div className="panel">
        <Read of={accounts} lines={8}>
          {({ pages }) => <AccountTable accounts={pages.flatMap(({ data }) => data)} />}
        </Read>
        <More of={accounts} />
      </div>
      {isOpening ? <OpenAccountDialog onClose={() => setOpening(false)} /> : undefined}
    </>
  )
}

/** The list has no search: an account is found by its whole id. */
function FindAccount() {
  const [id, setId] = useState('')
  const navigate = useNavigate()
  return (
    <form
      className="row"
      role="search"
      onSubmit={(event) => {
        event.preventDefault()
        void navigate({ to: '/accounts/$id', params: { id: id.trim() } })
      }}
    >
      <input
        className="input accounts-find"
        aria-label="Account id"
        placeholder="Account id, e.g. acc_alice"
        value={id}
        onChange={(event) => setId(event.target.value)}
        autoComplete="off"
        spellCheck={false}
      />
      <Button
        type="submit"
        disabled={id.trim() === ''}
        title={id.trim() === '' ? 'Write the whole id of an account.' : undefined}
      >
        Show account
      </Button>
    </form>
  )
}

const AccountTable = ({ accounts }: { accounts: readonly Account[] }) =>
  accounts.length === 0 ? (
    <Empty title="There is no account yet.">Open two accounts to transfer money between them.</Empty>
  ) : (
    <div className="table-box" role="region" aria-label="All accounts" tabIndex={0}>
      <table className="table accounts-table">
        <thead>
          <tr>
            <th scope="col">Account</th>
            <th scope="col">Status</th>
            <th scope="col" className="number">
              Balance
            </th>
            <th scope="col">Owner</th>
            <th scope="col" className="number">
              Events
            </th>
          </tr>
        </thead>
        <tbody>
          {accounts.map(({ id, ownerId, status, balanceMinor, currency, version }) => (
            <tr key={id}>
              <td>
                <Link to="/accounts/$id" params={{ id }} className="mono">
                  {id}
                </Link>
              </td>
              <td>
                <AccountBadge status={status} />
              </td>
              <td className="number">
                <Money amountMinor={balanceMinor} currency={currency} />
              </td>
              <td>{ownerId}</td>
              <td className="number">{version}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
