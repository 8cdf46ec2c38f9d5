import { Link, useNavigate } from '@tanstack/react-router'
import { useId, useState } from 'react'
import { NEEDS } from '../../identity/access.ts'
import { given } from '../../shell/search.ts'
import { Button } from '../../ui/button.tsx'
import { TextField } from '../../ui/field.tsx'
import { fromLocal, toLocal } from '../../ui/local-time.ts'
import type { AuditSearch } from './search.ts'

/** What is written down most: what changes something, and who has come and gone. */
const ACTIONS = [
  ...Object.keys(NEEDS).filter((name) => !name.startsWith('GET ')),
  'POST /session',
  'DELETE /session',
]

/** What the record is narrowed to. It is in the URL; the form changes that. */
export function AuditFilter({ search }: { search: AuditSearch }) {
  const navigate = useNavigate()
  const actions = useId()
  const [fields, setFields] = useState({
    subject: search.subject ?? '',
    action: search.action ?? '',
    from: toLocal(search.from),
    to: toLocal(search.to),
  })
  const set = (name: keyof typeof fields) => ({
    value: fields[name],
    onChange: (event: { target: { value: string } }) => setFields({ ...fields, [name]: event.target.value }),
  })
  const apply = () =>
    navigate({
      to: '/audit',
      search: given({
        subject: fields.subject.trim() || undefined,
        action: fields.action.trim() || undefined,
        from: fromLocal(fields.from),
        to: fromLocal(fields.to),
      }),
    })
  return (
    <form
      className="panel audit-filter"
      aria-label="Filter"
      onSubmit={(event) => {
        event.preventDefault()
        void apply()
      }}
    >
      <TextField label="Who" placeholder="key:shop" {...set('subject')} />
      <TextField label="Action" placeholder="POST /keys" list={actions} {...set('action')} />
      <datalist id={actions}>
        {ACTIONS.map((action) => (
          <option key={action} value={action} />
        ))}
      </datalist>
      <TextField label="From" type="datetime-local" step="1" {...set('from')} />
      <TextField label="Until" type="datetime-local" step="1" {...set('to')} />
      <div className="row">
        <Button type="submit">Apply</Button>
        <Link to="/audit" className="button button-quiet">
          Clear
        </Link>
      </div>
    </form>
  )
}
