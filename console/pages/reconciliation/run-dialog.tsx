import { client } from '../../api.ts'
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { useAction } from '../../ui/use-action.ts'

/** Asks for a run over the usual window. */
export function RunDialog({ onClose }: { onClose: () => void }) {
  const running = useAction({
    act: () => client.POST('/operations/reconciliation/run', { body: {} }),
    done: 'A run is asked for.',
    onDone: onClose,
  })
  return (
    <ConfirmDialog
      title="Compare now?"
      action="Compare now"
      isBusy={running.isPending}
      error={running.error}
      onClose={onClose}
      onConfirm={() => running.mutate(undefined)}
    >
      <p>
        The charges, refunds and shipments of the last 25 hours, or of a longer time that no run has covered,
        are compared with what the providers list. One call is made at a time, and no order waits for it. A
        difference is listed when two runs have seen it.
      </p>
    </ConfirmDialog>
  )
}
