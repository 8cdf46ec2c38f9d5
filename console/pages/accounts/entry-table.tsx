import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { titleOf } from '../../saga/words.ts'
import { Button } from '../../ui/button.tsx'
import { shortId } from '../../ui/id.tsx'
import { More } from '../../ui/more.tsx'
import { formatMoney } from '../../ui/money.tsx'
import { Time } from '../../ui/time.tsx'
import type { Entry } from './ledger.ts'

const ROWS = 50

interface EntryTableProps {
  entries: readonly Entry[]
  currency: string
  /** The version that is shown; what came after it is drawn paler. */
  version: number
  newest: number
  of: Parameters<typeof More>[0]['of']
}

/** What was done to the account, newest first. */
export function EntryTable({ entries, currency, version, newest, of }: EntryTableProps) {
  const [rows, setRows] = useState(ROWS)
  return (
    <>
      {of.hasNextPage ? (
        <>
          <p className="soft">
            Read so far: {entries.length} of {newest} events, from the oldest.
          </p>
          <More of={of} />
        </>
      ) : undefined}
      <div className="table-box" role="region" aria-label="Events of the account" tabIndex={0}>
        <table className="table entry-table">
          <thead>
            <tr>
              <th scope="col" className="number">
                Version
              </th>
              <th scope="col">Event</th>
              <th scope="col" className="number">
                Change
              </th>
              <th scope="col" className="number">
                Balance
              </th>
              <th scope="col">Transfer</th>
              <th scope="col">When</th>
            </tr>
          </thead>
          <tbody>
            {entries
              .slice(-rows)
              .toReversed()
              .map((entry) => (
                <EntryRow
                  key={entry.version}
                  entry={entry}
                  currency={currency}
                  isLater={entry.version > version}
                />
              ))}
          </tbody>
        </table>
      </div>
      {rows < entries.length ? (
        <div className="more">
          <Button onClick={() => setRows(rows + 4 * ROWS)}>Show older events</Button>
        </div>
      ) : undefined}
    </>
  )
}

interface EntryRowProps {
  entry: Entry
  currency: string
  isLater: boolean
}

function EntryRow({ entry, currency, isLater }: EntryRowProps) {
  const { version, type, changeMinor, balanceMinor, transferId, recordedAt } = entry
  return (
    <tr data-later={isLater}>
      <td className="number">{version}</td>
      <td>{titleOf(type)}</td>
      <td className="number">
        {changeMinor === 0
          ? ''
          : `${changeMinor > 0 ? '+' : '−'}${formatMoney(Math.abs(changeMinor), currency)}`}
      </td>
      <td className="number">{formatMoney(balanceMinor, currency)}</td>
      <td>
        {transferId === undefined ? undefined : (
          <Link to="/transfers/$id" params={{ id: transferId }} className="mono">
            {shortId(transferId)}
          </Link>
        )}
      </td>
      <td>
        <Time at={recordedAt} />
      </td>
    </tr>
  )
}
