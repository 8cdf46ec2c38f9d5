import { useQueryClient } from '@tanstack/react-query'
import { api } from '../../api.ts'
import { ReasonDialog } from '../../ui/reason-dialog.tsx'
import { useToast } from '../../ui/toast.tsx'
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
  const toast = useToast()
  const queries = useQueryClient()
  const put = api.useMutation('put', '/operations/maintenance')
  return (
    <ReasonDialog
      title={changes.length === 1 ? 'Apply this change?' : `Apply these ${changes.length} changes?`}
      action="Apply"
      isOpen
      isBusy={put.isPending}
      error={put.error}
      onClose={onClose}
      onConfirm={(reason) =>
        put.mutate(
          { body: { ...requestOf(now, draft), reason } },
          {
            onSuccess() {
              onDone()
              toast('In effect in every process.')
              void queries.invalidateQueries()
            },
          },
        )
      }
    >
      <ChangeList changes={changes} />
    </ReasonDialog>
  )
}
