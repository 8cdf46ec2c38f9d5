import { client, type Return } from '../../api.ts'
import { shortId } from '../../ui/id.tsx'
import { formatMoney } from '../../ui/money.tsx'
import { ReasonDialog } from '../../ui/reason-dialog.tsx'
import { useAction } from '../../ui/use-action.ts'

export type Verb = 'approve' | 'refuse'

interface DecisionDialogProps {
  verb: Verb
  of: Return
  onClose: () => void
}

/** Decides on a return, once. */
export function DecisionDialog({ verb, of, onClose }: DecisionDialogProps) {
  const { id } = of
  const { title, action, isDanger, text, done } = wordsOf(verb, of)
  const deciding = useAction({
    act: (reason: string) =>
      client.POST(`/operations/returns/{id}/${verb}`, { params: { path: { id } }, body: { reason } }),
    done,
    onDone: onClose,
  })
  return (
    <ReasonDialog
      title={title}
      action={action}
      isDanger={isDanger}
      isBusy={deciding.isPending}
      error={deciding.error}
      onClose={onClose}
      onConfirm={(reason) => deciding.mutate(reason)}
    >
      <p>
        Return <code title={id}>{shortId(id)}</code>. {text}
      </p>
    </ReasonDialog>
  )
}

function wordsOf(verb: Verb, { amountMinor, currency, parcelReceivedAt }: Return) {
  const amount = formatMoney(amountMinor, currency)
  return verb === 'approve'
    ? {
        title: 'Approve this return?',
        action: 'Approve the return',
        isDanger: false,
        text: `${amount} is given back ${parcelReceivedAt === null ? 'when the parcel has arrived' : 'at once, since the parcel has arrived'}. This cannot be taken back.`,
        done: 'The return is approved.',
      }
    : {
        title: 'Refuse this return?',
        action: 'Refuse the return',
        isDanger: true,
        text: `It ends, and ${amount} is not given back. This cannot be taken back.`,
        done: 'The return is refused.',
      }
}
