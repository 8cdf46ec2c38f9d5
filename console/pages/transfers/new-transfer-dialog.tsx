import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { api, client, given, newKey, type TransferRequest } from '../../api.ts'
import { parseAmount } from '../../ui/amount.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { TextField } from '../../ui/field.tsx'
import { formatMoney } from '../../ui/money.tsx'
import { Failed } from '../../ui/states.tsx'
import { useAction } from '../../ui/use-action.ts'

interface NewTransferDialogProps {
  /** Where the money comes from, as far as that is known. */
  sourceAccountId: string
  onClose: () => void
}

/** Asks for a transfer. Its key is made with the form: sent twice, it is one transfer. */
export function NewTransferDialog({ sourceAccountId, onClose }: NewTransferDialogProps) {
  const [key] = useState(newKey)
  const [form, setForm] = useState({ source: sourceAccountId, destination: '', amount: '' })
  const navigate = useNavigate()
  const place = useAction({
    async act(body: TransferRequest) {
      const params = { header: { 'Idempotency-Key': key } }
      return given((await client.POST('/transfers', { params, body })).data)
    },
    done: 'The transfer is accepted.',
    onDone: ({ id }) => void navigate({ to: '/transfers/$id', params: { id } }),
  })
  const source = useAccount(form.source)
  const currency = source?.currency
  const amountMinor = currency === undefined ? undefined : parseAmount(form.amount, currency)
  const isSame = form.source !== '' && form.source === form.destination
  const field = (name: keyof typeof form) => ({
    value: form[name],
    onChange: (event: { target: { value: string } }) =>
      setForm({ ...form, [name]: event.target.value.trim() }),
    required: true,
  })
  const submit = () => {
    if (currency === undefined || amountMinor === undefined) return
    place.mutate({
      sourceAccountId: form.source,
      destinationAccountId: form.destination,
      amountMinor,
      currency,
    })
  }
  return (
    <Dialog title="New transfer" isOpen onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          submit()
        }}
      >
        <TextField
          label="From account"
          hint={
            source === undefined
              ? 'The id of an account that exists'
              : `${source.status}, with ${formatMoney(source.balanceMinor, source.currency)}`
          }
          {...field('source')}
          autoFocus={sourceAccountId === ''}
        />
        <TextField
          label="To account"
          hint="If this account refuses the money, it is returned."
          error={isSame ? 'Money is transferred to another account.' : undefined}
          {...field('destination')}
          autoFocus={sourceAccountId !== ''}
        />
        <TextField
          label={currency === undefined ? 'Amount' : `Amount in ${currency}`}
          hint="E.g. 12.50. An amount over the balance is accepted, and the transfer is then rejected."
          inputMode="decimal"
          {...field('amount')}
        />
        {place.error === null ? undefined : <Failed error={place.error} />}
        <div className="actions">
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            look="primary"
            isBusy={place.isPending}
            disabled={!amountMinor || isSame || form.destination === ''}
          >
            Transfer
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

/** The account while it is being written: none for most of what is written. */
function useAccount(id: string) {
  const { data } = api.useQuery(
    'get',
    '/accounts/{id}',
    { params: { path: { id } } },
    { enabled: id !== '', retry: false },
  )
  return data
}
