import { useState } from 'react'
import { Icon } from './icon.tsx'

/** The end of an id is what differs: those of one day begin alike. */
export const shortId = (id: string): string => (id.length > 14 ? `…${id.slice(-8)}` : id)

/** Copies a text; says so for a moment. */
export function CopyButton({ text, what }: { text: string; what: string }) {
  const [isCopied, setCopied] = useState(false)
  const copy = async () => {
    await navigator.clipboard.writeText(text)
    setCopied(true)
    setTimeout(() => setCopied(false), 1500)
  }
  return (
    <button type="button" className="copy" onClick={() => void copy()} aria-label={`Copy ${what}`}>
      <Icon name={isCopied ? 'check' : 'copy'} />
    </button>
  )
}
