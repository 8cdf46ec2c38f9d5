import type { ReactNode } from 'react'
import { Button } from './button.tsx'
import { Dialog } from './dialog.tsx'
import { Failed } from './states.tsx'

export interface ConfirmDialogProps {
  title: string
  /** What it does, and to what exactly. */
  children: ReactNode
  /** The word on the button that does it. */
  action: string
  isDanger?: boolean
  isBusy: boolean
  error: unknown
  onClose: () => void
  onConfirm: () => void
}

/** Asks before an action for which the API takes no reason. Shown for as long as it is rendered. */
export const ConfirmDialog = ({
  title,
  children,
  action,
  isDanger = false,
  isBusy,
  error,
  onClose,
  onConfirm,
}: ConfirmDialogProps) => (
  <Dialog title={title} isOpen onClose={onClose}>
    {children}
    {error === null || error === undefined ? undefined : <Failed error={error} />}
    <div className="actions">
      <Button onClick={onClose}>Keep it as it is</Button>
      <Button look={isDanger ? 'danger' : 'primary'} isBusy={isBusy} onClick={onConfirm} autoFocus>
        {action}
      </Button>
    </div>
  </Dialog>
)
