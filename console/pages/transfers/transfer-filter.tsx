import { useState } from 'react'
import { Button } from '../../ui/button.tsx'
import { STATUSES } from '../orders/search.ts'
import type { readTransferSearch } from './search.ts'

type Search = ReturnType<typeof readTransferSearch>

interface TransferFilterProps extends Search {
  onChange: (to: Search) => void
}

/** Which transfers are shown. It is in the URL, so it can be passed on. */
export function TransferFilter({ status, accountId, onChange }: TransferFilterProps) {
  const [text, setText] = useState(accountId ?? '')
  const typed = text.trim() === '' ? {} : { accountId: text.trim() }
  const ofStatus = status === undefined ? {} : { status }
  return (
    <form
      className="row"
      role="search"
      onSubmit={(event) => {
        event.preventDefault()
        onChange({ ...ofStatus, ...typed })
      }}
    >
      <select
        className="input transfers-choice"
        aria-label="Status"
        value={status ?? ''}
        onChange={(event) => {
          const next = STATUSES.find((each) => each === event.target.value)
          onChange({ ...typed, ...(next === undefined ? {} : { status: next }) })
        }}
      >
        <option value="">Any status</option>
        {STATUSES.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </select>
      <input
        className="input transfers-account"
        aria-label="Account id, source or destination"
        placeholder="From or to the account, e.g. acc_alice"
        value={text}
        onChange={(event) => setText(event.target.value)}
        autoComplete="off"
        spellCheck={false}
      />
      <Button type="submit">Filter</Button>
      {status === undefined && accountId === undefined ? undefined : (
        <Button
          look="quiet"
          icon="cross"
          onClick={() => {
            setText('')
            onChange({})
          }}
        >
          Show all
        </Button>
      )}
    </form>
  )
}
