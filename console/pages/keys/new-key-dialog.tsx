import { useState } from 'react'
import type { components } from '../../api-types.ts'
import { client, given } from '../../api.ts'
import type { Role } from '../../identity/access.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { TextField } from '../../ui/field.tsx'
import { fromLocal } from '../../ui/local-time.ts'
import { Failed } from '../../ui/states.tsx'
import { useAction } from '../../ui/use-action.ts'
import { MadeKey } from './made-key.tsx'
import { RoleBoxes } from './role-boxes.tsx'

type NewKey = components['schemas']['NewKey']
type KeyRequest = components['schemas']['KeyRequest']

const EMPTY: Form = { name: '', roles: ['viewer'], customerId: '', expiresAt: '' }

interface Form {
  name: string
  roles: readonly Role[]
  customerId: string
  expiresAt: string
}

/** Makes a key, and shows it for the only time. */
export function NewKeyDialog({ onClose }: { onClose: () => void }) {
  const [made, setMade] = useState<NewKey | undefined>()
  return (
    <Dialog title={made === undefined ? 'Make a key' : `The key of ${made.name}`} isOpen onClose={onClose}>
      {made === undefined ? (
        <KeyForm onMade={setMade} onClose={onClose} />
      ) : (
        <MadeKey of={made} onClose={onClose} />
      )}
    </Dialog>
  )
}

function KeyForm({ onMade, onClose }: { onMade: (key: NewKey) => void; onClose: () => void }) {
  const [form, setForm] = useState(EMPTY)
  const make = useAction({
    act: async (body: KeyRequest) => given((await client.POST('/keys', { body })).data),
    done: 'The key is made.',
    onDone: onMade,
  })
  const isOfCustomer = form.roles.includes('customer')
  const field = (name: 'name' | 'customerId' | 'expiresAt') => ({
    value: form[name],
    onChange: (event: { target: { value: string } }) => setForm({ ...form, [name]: event.target.value }),
  })
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        make.mutate(requestOf(form))
      }}
    >
      <TextField
        label="Name"
        hint="Of the client, e.g. shop. It is who the record says has done something."
        maxLength={100}
        {...field('name')}
        required
        autoFocus
      />
      <RoleBoxes chosen={form.roles} onChange={(roles) => setForm({ ...form, roles })} />
      <TextField
        label="Customer"
        hint={isOfCustomer ? 'Whose orders it sees, e.g. cus_alice' : 'Only for the role customer'}
        {...field('customerId')}
        required={isOfCustomer}
      />
      <TextField
        label="Expires"
        type="datetime-local"
        hint="Never, if it is left empty"
        {...field('expiresAt')}
      />
      {make.error === null ? undefined : <Failed error={make.error} />}
      <div className="actions">
        <Button onClick={onClose}>Cancel</Button>
        <Button
          type="submit"
          look="primary"
          isBusy={make.isPending}
          disabled={form.roles.length === 0}
          title={form.roles.length === 0 ? 'Choose a role.' : undefined}
        >
          Make key
        </Button>
      </div>
    </form>
  )
}

const requestOf = ({ name, roles, customerId, expiresAt }: Form): KeyRequest => ({
  name,
  roles: [...roles],
  customerId: customerId.trim() || null,
  expiresAt: fromLocal(expiresAt) ?? null,
})
