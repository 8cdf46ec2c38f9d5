import { Dialog } from '../ui/dialog.tsx'
import { PAGES } from './pages.ts'

const KEYS = [
  ['/', 'Go to a page or an order (also Ctrl-K)'],
  ['?', 'This sheet'],
  ['Esc', 'Close what is open'],
  ...PAGES.map(({ key, title }) => [`g ${key}`, title]),
] as const

export const HelpSheet = ({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) => (
  <Dialog title="Keyboard" isOpen={isOpen} onClose={onClose}>
    <dl className="help-list">
      {KEYS.map(([keys = '', what]) => (
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
