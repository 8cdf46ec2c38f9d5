import { useNavigate } from '@tanstack/react-router'
import { useEffect } from 'react'
import { usePages } from './pages.ts'

/** After `g`, the next key is waited for this long. */
const CHORD_MS = 1500

interface Shortcuts {
  openPalette: () => void
  openHelp: () => void
}

/** The keyboard of every page: `/` and Ctrl-K, `?`, and `g` with the letter of a page. */
export function useShortcuts({ openPalette, openHelp }: Shortcuts): void {
  const navigate = useNavigate()
  const pages = usePages()
  useEffect(() => {
    let goneAt = Number.NEGATIVE_INFINITY
    const act = (event: KeyboardEvent) => {
      if (event.key === 'k' && (event.ctrlKey || event.metaKey)) {
        event.preventDefault()
        return openPalette()
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
      const isChord = performance.now() - goneAt < CHORD_MS
      const page = isChord ? pages.find(({ key }) => key === event.key) : undefined
      if (page !== undefined) void navigate({ to: page.to })
      else if (event.key === '/') openPalette()
      else if (event.key === '?') openHelp()
      else {
        goneAt = event.key === 'g' ? performance.now() : Number.NEGATIVE_INFINITY
        return
      }
      goneAt = Number.NEGATIVE_INFINITY
      event.preventDefault()
    }
    document.addEventListener('keydown', act)
    return () => document.removeEventListener('keydown', act)
  })
}

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement &&
  (target.closest('input, select, textarea, dialog[open]') !== null || target.isContentEditable)
