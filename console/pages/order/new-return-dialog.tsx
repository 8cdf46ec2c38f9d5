import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { client, given, newKey, type Order } from '../../api.ts'
import type { components } from '../../api-types.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { TextField } from '../../ui/field.tsx'
import { formatMoney } from '../../ui/money.tsx'
import { Failed } from '../../ui/states.tsx'
import { useAction } from '../../ui/use-action.ts'
import { chosenOf } from './returnable.ts'

interface NewReturnDialogProps {
  order: Order
  /** What of it can be sent back. */
  left: Order['lines']
  onClose: () => void
}

/** Asks for a return. Its key is made with the form: sent twice, it is one return. */
export function NewReturnDialog({ order: { id, currency }, left, onClose }: NewReturnDialogProps) {
  const [key] = useState(newKey)
  const [quantities, setQuantities] = useState<Record<string, number>>({})
  const [reason, setReason] = useState('')
  const navigate = useNavigate()
  const asking = useAction({
    async act(body: components['schemas']['ReturnRequest']) {
      const params = { path: { id }, header: { 'Idempotency-Key': key } }
      return given((await client.POST('/orders/{id}/returns', { params, body })).data)
    },
    done: 'The return is requested.',
    onDone: (made) => void navigate({ to: '/returns/$id', params: { id: made.id } }),
  })
  const { lines, amountMinor } = chosenOf(left, quantities)
  return (
    <Dialog title="Send something back" isOpen onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          asking.mutate({ reason: reason.trim(), lines })
        }}
      >
        {left.map(({ sku, quantity, unitPriceMinor }, index) => (
          <TextField
            key={sku}
            label={`Quantity of ${sku}`}
            hint={`Up to ${quantity}, ${formatMoney(unitPriceMinor, currency)} each`}
            type="number"
            min={0}
            max={quantity}
            value={quantities[sku] ?? quantity}
            onChange={(event) => setQuantities({ ...quantities, [sku]: event.target.valueAsNumber || 0 })}
            required
            autoFocus={index === 0}
          />
        ))}
        <TextField
          label="Reason"
          hint="In the customer’s own words."
          value={reason}
          onChange={(event) => setReason(event.target.value)}
          maxLength={500}
          required
        />
        <p>
          {formatMoney(amountMinor, currency)} is given back when the return is approved and the parcel has
          arrived. A small amount is approved at once.
        </p>
        {asking.error === null ? undefined : <Failed error={asking.error} />}
        <div className="actions">
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            look="primary"
            isBusy={asking.isPending}
            disabled={lines.length === 0 || reason.trim() === ''}
          >
            Send it back
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
