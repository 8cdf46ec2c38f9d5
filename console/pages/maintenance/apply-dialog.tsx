import { client } from '../../api.ts'
import { ReasonDialog } from '../../ui/reason-dialog.tsx'
import { useAction } from '../../ui/use-action.ts'
import { ChangeList } from './change-list.tsx'
import { requestOf, type Change, type Draft, type Maintenance } from './changes.ts'

interface ApplyDialogProps {
  now: Maintenance
  draft: Draft
  changes: readonly Change[]
  onClose: () => void
  onDone: () => void
}

export function ApplyDialog({ now, draft, changes, onClose, onDone }: ApplyDialogProps) {
  const put = useAction({
    act: (reason: string) =>
      client.PUT('/operations/maintenance', { body: { ...requestOf(now, draft), reason } }),
    done: 'In effect in every process.',
    onDone,
  })
  return (
    <ReasonDialog
      title={changes.length === 1 ? 'Apply this change?' : `Apply these ${changes.length} changes?`}
      action="Apply"
      isBusy={put.isPending}
      error={put.error}
      onClose={onClose}
      onConfirm={(reason) => put.mutate(reason)}
    >
      <ChangeList changes={changes} />
    </ReasonDialog>
  )
}
