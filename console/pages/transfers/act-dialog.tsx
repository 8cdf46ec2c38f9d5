import { useQueryClient } from '@tanstack/react-query'
import { api, type Transfer } from '../../api.ts'
import { isParked, type SagaAction } from '../../saga/why-not.ts'
import { titleOf } from '../../saga/words.ts'
import { ReasonDialog } from '../../ui/reason-dialog.tsx'
import { useToast } from '../../ui/toast.tsx'

const TEXTS: Record<SagaAction, { title: string; action: string; text: string; done: string }> = {
  cancel: {
    title: 'Cancel this transfer?',
    action: 'Cancel the transfer',
    text: 'If the money was withdrawn, it is returned to the source, and the transfer ends cancelled. If it was deposited already, this is refused.',
    done: 'The wish to cancel is recorded.',
  },
  retry: {
    title: 'Try the parked step again?',
    action: 'Retry',
    text: 'It is tried again at once. Each account accepts a transfer once: what was done already is found, not done twice.',
    done: 'It is tried again now.',
  },
  skip: {
    title: 'Give up the parked step?',
    action: 'Give it up',
    text: 'What it would have settled is written off, and the transfer ends without it. This cannot be taken back.',
    done: 'It is written off.',
  },
}

interface ActDialogProps {
  action: SagaAction
  transfer: Transfer
  onClose: () => void
}

export function ActDialog({ action, transfer: { id, steps }, onClose }: ActDialogProps) {
  const toast = useToast()
  const queries = useQueryClient()
  const cancel = api.useMutation('post', '/transfers/{id}/cancel')
  const retry = api.useMutation('post', '/operations/transfers/{id}/retry')
  const skip = api.useMutation('post', '/operations/transfers/{id}/skip')
  const { isPending, error } = { cancel, retry, skip }[action]
  const parked = steps.find((step) => isParked(step))
  const { title, text, done, action: word } = TEXTS[action]
  const params = { path: { id } }
  const options = {
    onSuccess() {
      onClose()
      toast(done)
      void queries.invalidateQueries()
    },
  }
  const act = (reason: string) => {
    if (action === 'cancel') cancel.mutate({ params, body: { reason } }, options)
    if (action === 'retry') retry.mutate({ params, body: { reason } }, options)
    if (action === 'skip' && parked !== undefined)
      skip.mutate({ params, body: { step: parked.name, reason } }, options)
  }
  return (
    <ReasonDialog
      title={title}
      action={word}
      isDanger={action !== 'retry'}
      isOpen
      isBusy={isPending}
      error={error}
      onClose={onClose}
      onConfirm={act}
    >
      <p>
        Transfer <code>{id}</code>
        {action === 'cancel' || parked === undefined
          ? ''
          : `, step ${titleOf(parked.name).toLowerCase()}`}.{' '}
        {text}
      </p>
    </ReasonDialog>
  )
}
