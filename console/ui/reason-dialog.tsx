import { useState, type ReactNode } from 'react'
import { Button } from './button.tsx'
import { Dialog } from './dialog.tsx'
import { TextField } from './field.tsx'
import { Failed } from './states.tsx'

export interface ReasonDialogProps {
  title: string
  /** What it does, and to what exactly. */
  children: ReactNode
  /** The word on the button that does it. */
  action: string
  isDanger?: boolean
  isBusy: boolean
  error: unknown
  onClose: () => void
  onConfirm: (reason: string) => void
}

/** Every action of an operator is recorded with its reason. Shown for as long as it is rendered. */
export function ReasonDialog({
  title,
  children,
  action,
  isDanger = false,
  isBusy,
  error,
  onClose,
  onConfirm,
}: ReasonDialogProps) {
  const [reason, setReason] = useState('')
  return (
    <Dialog title={title} isOpen onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          onConfirm(reason.trim())
        }}
      >
        {children}
        <TextField
          label="Reason"
          hint="It is recorded with the action."
          value={reason}
          onChange={(event) => setReason(event.target.value)}
          maxLength={500}
          required
          autoFocus
        />
        {error === null || error === undefined ? undefined : <Failed error={error} />}
        <div className="actions">
          <Button onClick={onClose}>Keep it as it is</Button>
          <Button
            type="submit"
            look={isDanger ? 'danger' : 'primary'}
            isBusy={isBusy}
            disabled={reason.trim() === ''}
          >
            {action}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
