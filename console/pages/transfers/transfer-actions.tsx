import { useState } from 'react'
import type { Transfer } from '../../api.ts'
import { whyNot, type SagaAction } from '../../saga/why-not.ts'
import { Button } from '../../ui/button.tsx'
import { ActDialog } from './act-dialog.tsx'

const WORDS: Record<SagaAction, string> = {
  retry: 'Retry',
  skip: 'Give up step',
  cancel: 'Cancel transfer',
}

/** What may be done to a transfer now, and why the rest may not. */
export function TransferActions({ transfer }: { transfer: Transfer }) {
  const [open, setOpen] = useState<SagaAction | undefined>()
  return (
    <div className="row">
      {(['retry', 'skip', 'cancel'] as const).map((action) => {
        const why = whyNot(action, transfer)
        const isCancel = action === 'cancel'
        return (
          <Button
            key={action}
            look={isCancel ? 'danger' : action === 'retry' && why === undefined ? 'primary' : 'plain'}
            disabled={why !== undefined}
            title={why}
            onClick={() => setOpen(action)}
          >
            {WORDS[action]}
          </Button>
        )
      })}
      {open === undefined ? undefined : (
        <ActDialog action={open} transfer={transfer} onClose={() => setOpen(undefined)} />
      )}
    </div>
  )
}
