import { useQueryClient } from '@tanstack/react-query'
import { api } from '../../api.ts'
import type { components } from '../../api-types.ts'
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { useToast } from '../../ui/toast.tsx'

export type Process = components['schemas']['Processes']['data'][number]

export function KillDialog({ process: { name, pid }, onClose }: { process: Process; onClose: () => void }) {
  const toast = useToast()
  const queries = useQueryClient()
  const kill = api.useMutation('post', '/development/processes/{name}/kill')
  return (
    <ConfirmDialog
      title={`Kill ${name}?`}
      action="Kill it"
      isDanger
      isBusy={kill.isPending}
      error={kill.error}
      onClose={onClose}
      onConfirm={() =>
        kill.mutate(
          { params: { path: { name } } },
          {
            onSuccess() {
              onClose()
              toast(`SIGKILL is sent to ${name}.`)
              void queries.invalidateQueries({ queryKey: ['get', '/development/processes'] })
            },
          },
        )
      }
    >
      <p>
        <code>{name}</code>, process {pid}, gets SIGKILL: it ends at once and saves nothing. The supervisor
        starts it again.
        {name === 'api' ? ' It serves this page, which is not connected until then.' : ''}
      </p>
    </ConfirmDialog>
  )
}
