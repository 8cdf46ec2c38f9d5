import { useState } from 'react'
import { api, type Account } from '../../api.ts'
import { parseAmount } from '../../ui/amount.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { TextField } from '../../ui/field.tsx'
import { formatMoney } from '../../ui/money.tsx'
import { Failed } from '../../ui/states.tsx'
import { useToast } from '../../ui/toast.tsx'
import { useChanged } from './use-changed.ts'

interface MoneyDialogProps {
  kind: 'deposit' | 'withdraw'
  account: Account
  onClose: () => void
}

/**
 * Puts money on an account, or takes it off, on the version that was seen when the dialog was opened: sent twice, it is
 * done once.
 */
export function MoneyDialog({ kind, account: { id, version, ...account }, onClose }: MoneyDialogProps) {
  const [{ expectedVersion, balanceMinor, currency }] = useState({ ...account, expectedVersion: version })
  const [text, setText] = useState('')
  const toast = useToast()
  const show = useChanged()
  const move = {
    deposit: api.useMutation('post', '/accounts/{id}/deposit'),
    withdraw: api.useMutation('post', '/accounts/{id}/withdraw'),
  }[kind]
  const amountMinor = parseAmount(text, currency) ?? 0
  const after = kind === 'deposit' ? balanceMinor + amountMinor : balanceMinor - amountMinor
  const isTooMuch = after < 0
  const isAmount = text === '' || parseAmount(text, currency) !== undefined
  const shown = (minor: number) => formatMoney(minor, currency)
  const wrong = isTooMuch
    ? `At most ${shown(balanceMinor)}: the balance cannot be negative.`
    : isAmount
      ? undefined
      : `This is no amount in ${currency}. Write it like ${shown(1250)}, without the sign.`
  return (
    <Dialog title={kind === 'deposit' ? 'Deposit money' : 'Withdraw money'} isOpen onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          move.mutate(
            { params: { path: { id } }, body: { amountMinor, currency, expectedVersion } },
            {
              onSuccess(changed) {
                onClose()
                toast(`The balance is now ${shown(changed.balanceMinor)}.`)
                show(changed)
              },
            },
          )
        }}
      >
        <TextField
          label={`Amount in ${currency}`}
          hint={amountMinor === 0 ? 'More than zero, e.g. 12.50' : ''}
          error={wrong}
          inputMode="decimal"
          value={text}
          onChange={(event) => setText(event.target.value)}
          required
          autoFocus
        />
        <p className="numeric">
          <code>{id}</code>: {shown(balanceMinor)} → {amountMinor === 0 || isTooMuch ? '…' : shown(after)}
        </p>
        {move.error === null ? undefined : <Failed error={move.error} />}
        <div className="actions">
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            look="primary"
            isBusy={move.isPending}
            disabled={amountMinor === 0 || isTooMuch}
          >
            {kind === 'deposit' ? 'Deposit' : 'Withdraw'}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
