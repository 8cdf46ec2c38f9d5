import { client } from '../../api.ts'
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { useAction } from '../../ui/use-action.ts'
import type { Key } from './key-table.tsx'

export function RevokeDialog({ of: { id, name }, onClose }: { of: Key; onClose: () => void }) {
  const revoke = useAction({
    act: () => client.DELETE('/keys/{id}', { params: { path: { id } } }),
    done: 'The key is revoked.',
    onDone: onClose,
  })
  return (
    <ConfirmDialog
      title={`Revoke this key of ${name}?`}
      action="Revoke it"
      isDanger
      isBusy={revoke.isPending}
      error={revoke.error}
      onClose={onClose}
      onConfirm={() => revoke.mutate(undefined)}
    >
      <p>
        Key <code>{id}</code>: within five seconds no request with it is served, and the sessions that it has
        opened end. This cannot be taken back.
      </p>
    </ConfirmDialog>
  )
}
