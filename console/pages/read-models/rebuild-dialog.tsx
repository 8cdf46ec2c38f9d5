import { client } from '../../api.ts'
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { useAction } from '../../ui/use-action.ts'

interface RebuildDialogProps {
  name: string
  /** Of the rows that are read now. */
  generation: number
  onClose: () => void
}

export function RebuildDialog({ name, generation, onClose }: RebuildDialogProps) {
  const rebuild = useAction({
    act: () => client.POST('/operations/projections/{name}/rebuild', { params: { path: { name } } }),
    done: `The rebuild of ${name} is requested.`,
    onDone: onClose,
  })
  return (
    <ConfirmDialog
      title={`Rebuild ${name}?`}
      action="Rebuild it"
      isBusy={rebuild.isPending}
      error={rebuild.error}
      onClose={onClose}
      onConfirm={() => rebuild.mutate(undefined)}
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
