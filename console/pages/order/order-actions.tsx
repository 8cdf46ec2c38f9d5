import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, type Order } from '../../api.ts'
import { isParked, whyNot, type SagaAction } from '../../saga/why-not.ts'
import { titleOf } from '../../saga/words.ts'
import { Button } from '../../ui/button.tsx'
import { ReasonDialog } from '../../ui/reason-dialog.tsx'
import { useToast } from '../../ui/toast.tsx'

/** What may be done to an order now, and why the rest may not. */
export function OrderActions({ order }: { order: Order }) {
  const [open, setOpen] = useState<SagaAction | undefined>()
  const close = () => setOpen(undefined)
  return (
    <div className="row">
      {(['retry', 'skip', 'cancel'] as const).map((action) => {
        const why = whyNot(action, order)
        return (
          <Button
            key={action}
            look={
              action === 'retry' && why === undefined ? 'primary' : action === 'cancel' ? 'danger' : 'plain'
            }
            disabled={why !== undefined}
            title={why}
            onClick={() => setOpen(action)}
          >
            {WORDS[action]}
          </Button>
        )
      })}
      <ActDialog key={open} action={open} order={order} onClose={close} />
    </div>
  )
}

const WORDS: Record<SagaAction, string> = { cancel: 'Cancel order', retry: 'Retry', skip: 'Give up step' }

function ActDialog({
  action,
  order,
  onClose,
}: {
  action: SagaAction | undefined
  order: Order
  onClose: () => void
}) {
  const { id } = order
  const toast = useToast()
  const queries = useQueryClient()
  const done = (text: string) => {
    onClose()
    toast(text)
    void queries.invalidateQueries()
  }
  const cancel = api.useMutation('post', '/orders/{id}/cancel')
  const retry = api.useMutation('post', '/operations/orders/{id}/retry')
  const skip = api.useMutation('post', '/operations/orders/{id}/skip')
  const params = { path: { id } }
  const parked = order.steps.find((step) => isParked(step))
  const title = parked === undefined ? '' : titleOf(parked.name).toLowerCase()
  if (action === 'cancel')
    return (
      <ReasonDialog
        title="Cancel this order?"
        action="Cancel the order"
        isDanger
        isOpen
        isBusy={cancel.isPending}
        error={cancel.error}
        onClose={onClose}
        onConfirm={(reason) =>
          cancel.mutate(
            { params, body: { reason } },
            { onSuccess: () => done('The wish to cancel is recorded.') },
          )
        }
      >
        <p>Whatever it has done is undone in reverse, and it ends cancelled.</p>
      </ReasonDialog>
    )
  if (action === 'retry')
    return (
      <ReasonDialog
        title="Try again what is parked?"
        action="Retry"
        isOpen
        isBusy={retry.isPending}
        error={retry.error}
        onClose={onClose}
        onConfirm={(reason) =>
          retry.mutate({ params, body: { reason } }, { onSuccess: () => done('It is tried again now.') })
        }
      >
        <p>
          This order&rsquo;s {title} is tried again at once, with the same key: what was done already is
          found, not done twice.
        </p>
      </ReasonDialog>
    )
  if (action === 'skip' && parked !== undefined)
    return (
      <ReasonDialog
        title={`Give up ${title}?`}
        action="Give it up"
        isDanger
        isOpen
        isBusy={skip.isPending}
        error={skip.error}
        onClose={onClose}
        onConfirm={(reason) =>
          skip.mutate(
            { params, body: { step: parked.name, reason } },
            { onSuccess: () => done('It is written off, and the saga goes on.') },
          )
        }
      >
        <p>
          What it would have settled is written off, and the saga goes on without it. This cannot be taken
          back.
        </p>
      </ReasonDialog>
    )
  return null
}
