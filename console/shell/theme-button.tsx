import { useState } from 'react'
import { Icon } from '../ui/icon.tsx'

const isDarkNow = () => {
  const { theme } = document.documentElement.dataset
  return theme === undefined ? matchMedia('(prefers-color-scheme: dark)').matches : theme === 'dark'
}

/** Light or dark; the system's choice until this is pressed. */
export function ThemeButton() {
  const [isDark, setDark] = useState(isDarkNow)
  const change = () => {
    const theme = isDark ? 'light' : 'dark'
    document.documentElement.dataset['theme'] = theme
    try {
      localStorage.setItem('theme', theme)
    } catch {
      // Storage may be forbidden: the choice holds for this page.
    }
    setDark(!isDark)
  }
  return (
    <button
      type="button"
      className="button button-quiet"
      onClick={change}
      aria-label={isDark ? 'Light theme' : 'Dark theme'}
    >
      <Icon name={isDark ? 'sun' : 'moon'} />
    </button>
  )
}
