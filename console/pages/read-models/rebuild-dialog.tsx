import { useQueryClient } from '@tanstack/react-query'
import { api } from '../../api.ts'
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { useToast } from '../../ui/toast.tsx'

interface RebuildDialogProps {
  name: string
  /** Of the rows that are read now. */
  generation: number
  onClose: () => void
}

export function RebuildDialog({ name, generation, onClose }: RebuildDialogProps) {
  const toast = useToast()
  const queries = useQueryClient()
  const rebuild = api.useMutation('post', '/operations/projections/{name}/rebuild')
  return (
    <ConfirmDialog
      title={`Rebuild ${name}?`}
      action="Rebuild it"
      isBusy={rebuild.isPending}
      error={rebuild.error}
      onClose={onClose}
      onConfirm={() =>
        rebuild.mutate(
          { params: { path: { name } } },
          {
            onSuccess() {
              onClose()
              toast(`The rebuild of ${name} is requested.`)
              void queries.invalidateQueries()
            },
          },
        )
      }
    >
      <p>
        The projector builds generation {generation + 1} from every event since the first one. Until it is
        complete, generation {generation} is read and kept up to date; then they change places.
      </p>
      <p className="soft">
        Use it after an error in a read model was corrected, or when events were missed. It reads the event
        store at full speed: 100,000 events take a minute or less. The API takes no reason for it.
      </p>
    </ConfirmDialog>
  )
}
