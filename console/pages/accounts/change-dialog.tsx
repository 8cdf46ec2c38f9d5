import { useState } from 'react'
import { api, type Account } from '../../api.ts'
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { useToast } from '../../ui/toast.tsx'
import { useChanged } from './use-changed.ts'

const TEXTS = {
  freeze: {
    title: 'Freeze this account?',
    action: 'Freeze it',
    text: 'Deposits, withdrawals and transfers are refused until it is unfrozen. Money that a transfer has to give back is still accepted.',
    done: 'The account is frozen.',
  },
  unfreeze: {
    title: 'Unfreeze this account?',
    action: 'Unfreeze it',
    text: 'Deposits, withdrawals and transfers are accepted again.',
    done: 'The account is open again.',
  },
  close: {
    title: 'Close this account?',
    action: 'Close it for good',
    text: 'It accepts no deposits and no transfers any more. This cannot be taken back.',
    done: 'The account is closed.',
  },
} as const

interface ChangeDialogProps {
  kind: keyof typeof TEXTS
  account: Account
  onClose: () => void
}

/** Changes what an account lets happen, on the version that was seen when the dialog was opened. */
export function ChangeDialog({ kind, account: { id, version }, onClose }: ChangeDialogProps) {
  const [expectedVersion] = useState(version)
  const toast = useToast()
  const show = useChanged()
  const change = {
    freeze: api.useMutation('post', '/accounts/{id}/freeze'),
    unfreeze: api.useMutation('post', '/accounts/{id}/unfreeze'),
    close: api.useMutation('post', '/accounts/{id}/close'),
  }[kind]
  const { title, action, text, done } = TEXTS[kind]
  return (
    <ConfirmDialog
      title={title}
      action={action}
      isDanger={kind === 'close'}
      isBusy={change.isPending}
      error={change.error}
      onClose={onClose}
      onConfirm={() =>
        change.mutate(
          { params: { path: { id } }, body: { expectedVersion } },
          {
            onSuccess(changed) {
              onClose()
              toast(done)
              show(changed)
            },
          },
        )
      }
    >
      <p>
        <code>{id}</code>, at version {expectedVersion}. {text}
      </p>
    </ConfirmDialog>
  )
}
