import { Link } from '@tanstack/react-router'
import { api } from '../../api.ts'
import { titleOf } from '../../saga/words.ts'
import { Panel } from '../../ui/panel.tsx'
import { Empty, Read } from '../../ui/states.tsx'
import { Time } from '../../ui/time.tsx'
import type { Letter } from './letter.ts'
import { StreamLink } from './stream-link.tsx'

const FIRST = 20

/** The stream of a dead letter, and what waits behind it at the same consumer. */
export function HeldUp({ letter: { id, streamId, consumer, version } }: { letter: Letter }) {
  const behind = api.useQuery('get', '/operations/dead-letters', {
    params: { query: { state: 'behind', streamId, consumer, limit: FIRST } },
  })
  return (
    <Panel
      title="Stream"
      aside={<StreamLink streamId={streamId} />}
      hint={`A consumer applies a stream in order, so at ${consumer} nothing after version ${version} is applied before this.`}
    >
      <Read of={behind}>
        {({ data, nextCursor }) => {
          const waiting = data.filter((each) => each.id !== id)
          return waiting.length === 0 ? (
            <Empty title="Nothing waits behind it." />
          ) : (
            <>
              <ol className="letter-behind">
                {waiting.map((each) => (
                  <li key={each.id}>
                    <span className="numeric faint">v{each.version}</span>
                    <Link to="/dead-letters/$id" params={{ id: each.id }}>
                      {titleOf(each.type)}
                    </Link>
                    <Time at={each.createdAt} />
                  </li>
                ))}
              </ol>
              {nextCursor === null ? undefined : (
                <Link to="/dead-letters" search={{ state: 'behind', streamId, consumer }}>
                  All that wait
                </Link>
              )}
            </>
          )
        }}
      </Read>
    </Panel>
  )
}
