import { createContext, use, useCallback, useState, type ReactNode } from 'react'
import { Icon } from './icon.tsx'

interface Toast {
  id: number
  text: string
  tone: 'done' | 'failed'
}

const ToastContext = createContext<(text: string, tone?: Toast['tone']) => void>(() => undefined)

/** Says for a while what an action has come to; screen readers read it out. */
export const useToast = () => use(ToastContext)

const SHOWN_MS = 6000

export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<Toast[]>([])
  const show = useCallback((text: string, tone: Toast['tone'] = 'done') => {
    const id = Math.random()
    setToasts((before) => [...before.slice(-2), { id, text, tone }])
    setTimeout(() => setToasts((before) => before.filter((toast) => toast.id !== id)), SHOWN_MS)
  }, [])
  return (
    <ToastContext value={show}>
      {children}
      <div className="toasts" role="status" aria-live="polite">
        {toasts.map(({ id, text, tone }) => (
          <p key={id} className="toast" data-tone={tone}>
            <Icon name={tone === 'done' ? 'check' : 'alert'} />
            {text}
          </p>
        ))}
      </div>
    </ToastContext>
  )
}
