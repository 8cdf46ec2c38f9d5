import { useEffect, type ReactNode } from 'react'

export interface PageHeadProps {
  title: string
  /** What the page is for, in one sentence. */
  lead?: ReactNode
  /** Above the title: the way back. */
  crumbs?: ReactNode
  /** Beside the title. */
  children?: ReactNode
}

/** The one heading of a page, which also names its tab. */
export function PageHead({ title, lead, crumbs, children }: PageHeadProps) {
  useEffect(() => {
    document.title = `${title} · OrderSaga`
  }, [title])
  return (
    <header className="page-head">
      <div>
        {crumbs === undefined ? undefined : <div className="crumbs">{crumbs}</div>}
        <h1>{title}</h1>
        {lead === undefined ? undefined : <p className="page-lead">{lead}</p>}
      </div>
      {children}
    </header>
  )
}
