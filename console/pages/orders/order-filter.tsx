import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { api } from '../../api.ts'
import { useIsStaff } from '../../identity/principal.tsx'
import { titleOf } from '../../saga/words.ts'
import { Button } from '../../ui/button.tsx'
import { SelectField, TextField } from '../../ui/field.tsx'
import { fieldsOf, searchOf, type FilterFields } from './filter-form.ts'
import { REASON_CODES, STATUSES, type OrdersSearch } from './search.ts'

/** What the list is narrowed to. It is in the URL; the form changes that. */
export function OrderFilter({ search }: { search: OrdersSearch }) {
  const { cursor: _, ...filter } = search
  return (
    <div className="panel orders-filter">
      <nav className="orders-statuses" aria-label="Status">
        {[undefined, ...STATUSES].map((status) => {
          const { status: __, ...others } = filter
          return (
            <Link
              key={status ?? 'all'}
              to="/orders"
              search={status === undefined ? others : { ...others, status }}
              className="orders-status"
              activeOptions={{ exact: true }}
              data-chosen={status === search.status}
            >
              {status ?? 'all'}
            </Link>
          )
        })}
      </nav>
      <details open={isOpenAtFirst(filter)}>
        <summary className="soft">More filters</summary>
        <FilterForm key={JSON.stringify(filter)} search={filter} />
      </details>
    </div>
  )
}

/** On a narrow screen the fields would hide the orders; those in use are shown. */
const isOpenAtFirst = (filter: OrdersSearch) =>
  Object.keys(filter).some((name) => name !== 'status') || matchMedia('(width >= 40rem)').matches

function FilterForm({ search }: { search: OrdersSearch }) {
  const navigate = useNavigate()
  const isStaff = useIsStaff()
  const [fields, setFields] = useState<FilterFields>(() => fieldsOf(search))
  const go = (next: FilterFields) => void navigate({ to: '/orders', search: searchOf(next, search.status) })
  const set = (name: keyof FilterFields) => ({
    value: fields[name],
    onChange: (event: { target: { value: string } }) => setFields({ ...fields, [name]: event.target.value }),
  })
  /** A choice needs no button to be meant. */
  const choose = (name: keyof FilterFields) => ({
    value: fields[name],
    onChange: (event: { target: { value: string } }) => go({ ...fields, [name]: event.target.value }),
  })
  return (
    <form
      className="orders-fields"
      aria-label="Filter"
      onSubmit={(event) => {
        event.preventDefault()
        go(fields)
      }}
    >
      {isStaff ? <TextField label="Customer" placeholder="cus_alice" {...set('customerId')} /> : undefined}
      <SelectField label="Reason" {...choose('reasonCode')}>
        <option value="">any</option>
        {REASON_CODES.map((code) => (
          <option key={code}>{code}</option>
        ))}
      </SelectField>
      <SelectField label="Held up or failed at" {...choose('step')}>
        <option value="">any</option>
        {useStepNames().map((step) => (
          <option key={step} value={step}>
            {titleOf(step)}
          </option>
        ))}
      </SelectField>
      <TextField label="Placed from" type="datetime-local" step="1" {...set('createdFrom')} />
      <TextField label="Placed until" type="datetime-local" step="1" {...set('createdTo')} />
      <TextField label="Total from" inputMode="decimal" placeholder="0.00" {...set('minTotal')} />
      <TextField label="Total up to" inputMode="decimal" placeholder="0.00" {...set('maxTotal')} />
      <div className="orders-apply">
        <Button type="submit">Apply</Button>
        <Link to="/orders" className="button button-quiet">
          Clear
        </Link>
      </div>
    </form>
  )
}

/** The steps of every definition of an order that the API knows. */
function useStepNames(): string[] {
  const { data } = api.useQuery(
    'get',
    '/sagas',
    {},
    { staleTime: Number.POSITIVE_INFINITY, refetchInterval: false },
  )
  const orders = data?.data.filter(({ kind }) => kind === 'order') ?? []
  return [...new Set(orders.flatMap(({ steps }) => steps.map(({ name }) => name)))]
}
