import { client, type Difference } from '../../api.ts'
import { ReasonDialog } from '../../ui/reason-dialog.tsx'
import { useAction } from '../../ui/use-action.ts'
import { CLASSES, sideInWords } from './words.ts'

/** Notes that a person has dealt with a difference. */
export function SettleDialog({ of, onClose }: { of: Difference; onClose: () => void }) {
  const settling = useAction({
    act: (reason: string) =>
      client.POST('/operations/reconciliation/{id}/settle', {
        params: { path: { id: of.id } },
        body: { reason },
      }),
    done: 'The difference is settled.',
    onDone: onClose,
  })
  return (
    <ReasonDialog
      title="Settle this difference?"
      action="Settle it"
      isBusy={settling.isPending}
      error={settling.error}
      onClose={onClose}
      onConfirm={(reason) => settling.mutate(reason)}
    >
      <p>
        {CLASSES[of.class][1]} Ours: {sideInWords(of.ours)}. At {of.provider}: {sideInWords(of.theirs)}.
      </p>
      <p>
        Settling changes nothing on either side. It says that you have dealt with it: write what you did. It
        comes back when one of the sides changes.
      </p>
    </ReasonDialog>
  )
}
