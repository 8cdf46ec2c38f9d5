import { useEffect, useId, useRef, type ReactNode } from 'react'
import { Icon } from './icon.tsx'

export interface DialogProps {
  title: string
  isOpen: boolean
  onClose: () => void
  children: ReactNode
  /** Where the title would only repeat what is seen. */
  isTitleHidden?: boolean
}

/** A modal dialog of the browser: it keeps the focus, and Escape closes it. */
export function Dialog({ title, isOpen, onClose, children, isTitleHidden = false }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  useEffect(() => {
    if (isOpen) dialog.current?.showModal()
    else dialog.current?.close()
  }, [isOpen])
  return (
    <dialog
      ref={dialog}
      className="dialog"
      aria-labelledby={id}
      onClose={onClose}
      onClick={(event) => {
        if (event.target === dialog.current) onClose()
      }}
    >
      {isOpen ? (
        <div className="dialog-body">
          <header className={isTitleHidden ? 'visually-hidden' : 'dialog-head'}>
            <h2 id={id}>{title}</h2>
            <button type="button" className="dialog-close" onClick={onClose} aria-label="Close">
              <Icon name="cross" />
            </button>
          </header>
          {children}
        </div>
      ) : undefined}
    </dialog>
  )
}
