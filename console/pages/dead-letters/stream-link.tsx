import { Link } from '@tanstack/react-router'
import { titleOf } from '../../saga/words.ts'
import { shortId } from '../../ui/id.tsx'
import { pageOfStream } from './letter.ts'

/** The stream of a dead letter: where it can be looked at, the way there. */
export function StreamLink({ streamId }: { streamId: string }) {
  const page = pageOfStream(streamId)
  if (page === undefined) return <code>{streamId}</code>
  return (
    <Link to={page.to} params={{ id: page.id }} title={streamId}>
      {titleOf(streamId.slice(0, streamId.indexOf('-')))} <span className="mono">{shortId(page.id)}</span>
    </Link>
  )
}
