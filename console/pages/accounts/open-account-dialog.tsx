import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { client, given, type AccountRequest } from '../../api.ts'
import { parseAmount } from '../../ui/amount.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { TextField } from '../../ui/field.tsx'
import { Failed } from '../../ui/states.tsx'
import { useAction } from '../../ui/use-action.ts'

export function OpenAccountDialog({ onClose }: { onClose: () => void }) {
  const [form, setForm] = useState({ id: '', ownerId: '', currency: 'EUR', balance: '0' })
  const navigate = useNavigate()
  const open = useAction({
    act: async (body: AccountRequest) => given((await client.POST('/accounts', { body })).data),
    done: ({ id }) => `Account ${id} is open.`,
    onDone: ({ id }) => void navigate({ to: '/accounts/$id', params: { id } }),
  })
  const openingBalanceMinor = parseAmount(form.balance, form.currency)
  const field = (name: keyof typeof form) => ({
    value: form[name],
    onChange: (event: { target: { value: string } }) => setForm({ ...form, [name]: event.target.value }),
  })
  const submit = () => {
    if (openingBalanceMinor === undefined) return
    const { id, ownerId, currency } = form
    open.mutate({ ...(id === '' ? {} : { id }), ownerId, currency, openingBalanceMinor })
  }
  return (
    <Dialog title="Open an account" isOpen onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          submit()
        }}
      >
        <TextField
          label="Owner"
          hint="The customer, e.g. cus_alice"
          {...field('ownerId')}
          required
          autoFocus
        />
        <TextField label="Account id" hint="Optional: one is made if it is left empty." {...field('id')} />
        <div className="accounts-pair">
          <TextField
            label="Currency"
            hint="Three letters, for good"
            {...field('currency')}
            pattern="[A-Z]{3}"
            maxLength={3}
            required
          />
          <TextField
            label="Opening balance"
            hint="E.g. 120.50"
            error={openingBalanceMinor === undefined ? 'Write an amount, e.g. 120.50.' : undefined}
            inputMode="decimal"
            {...field('balance')}
            required
          />
        </div>
        {open.error === null ? undefined : <Failed error={open.error} />}
        <div className="actions">
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            look="primary"
            isBusy={open.isPending}
            disabled={form.ownerId === '' || openingBalanceMinor === undefined}
          >
            Open account
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
