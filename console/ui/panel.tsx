import { useId, type ReactNode } from 'react'

export interface PanelProps {
  title: string
  /** Beside the title: a link, a button, a count. */
  aside?: ReactNode
  /** Under the title, in one sentence. */
  hint?: ReactNode
  children: ReactNode
  className?: string
}

/** A part of a page, with a heading that names it. */
export function Panel({ title, aside, hint, children, className = '' }: PanelProps) {
  const id = useId()
  return (
    <section className={`panel ${className}`} aria-labelledby={id}>
      <header className="panel-head">
        <h2 id={id}>{title}</h2>
        {aside}
      </header>
      {hint === undefined ? undefined : <p className="panel-hint">{hint}</p>}
      {children}
    </section>
  )
}
