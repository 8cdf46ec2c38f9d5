import { Dialog } from '../ui/dialog.tsx'
import { usePages } from './pages.ts'

const KEYS = [
  ['/', 'Go to a page or an order (also Ctrl-K)'],
  ['?', 'This sheet'],
  ['Esc', 'Close what is open'],
] as const

export function HelpSheet({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const pages = usePages().map(({ key, title }) => [`g ${key}`, title] as const)
  return (
    <Dialog title="Keyboard" isOpen={isOpen} onClose={onClose}>
      <dl className="help-list">
        {[...KEYS, ...pages].map(([keys, what]) => (
          <div key={keys} style={{ display: 'contents' }}>
            <dt>
              {keys.split(' ').map((key) => (
                <kbd key={key} className="kbd">
                  {key}
                </kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  )
}
