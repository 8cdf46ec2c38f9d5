import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { titleOf } from '../../saga/words.ts'
import { Badge } from '../../ui/badge.tsx'
import { More } from '../../ui/more.tsx'
import { Time } from '../../ui/time.tsx'
import { LETTER_LOOKS, type Letter } from './letter.ts'
import { StreamLink } from './stream-link.tsx'

const SHOWN = 50

/** Dead letters one by one. */
export function LetterTable({ letters }: { letters: readonly Letter[] }) {
  const [shown, setShown] = useState(SHOWN)
  return (
    <>
      <div className="table-box">
        <table className="table">
          <caption className="visually-hidden">Dead letters</caption>
          <thead>
            <tr>
              <th scope="col">Event</th>
              <th scope="col">State</th>
              <th scope="col">Stream</th>
              <th scope="col" className="wide">
                Consumer
              </th>
              <th scope="col" className="wide">
                Cause
              </th>
              <th scope="col" className="number wide">
                Attempts
              </th>
              <th scope="col" className="number wide">
                Behind it
              </th>
              <th scope="col" className="letters-next">
                Next attempt
              </th>
            </tr>
          </thead>
          <tbody>
            {letters.slice(0, shown).map((letter) => (
              <LetterRow key={letter.id} letter={letter} />
            ))}
          </tbody>
        </table>
      </div>
      <More
        of={{
          hasNextPage: letters.length > shown,
          isFetchingNextPage: false,
          fetchNextPage: () => setShown(shown + SHOWN),
        }}
      />
    </>
  )
}

function LetterRow({ letter }: { letter: Letter }) {
  const { id, type, version, state, streamId, consumer, cause, attempts, behind, nextAttemptAt } = letter
  const [tone, icon] = LETTER_LOOKS[state]
  return (
    <tr>
      <th scope="row" className="letters-event">
        <Link to="/dead-letters/$id" params={{ id }}>
          {titleOf(type)}
        </Link>
      </th>
      <td>
        <Badge tone={tone} icon={icon}>
          {state}
        </Badge>
      </td>
      <td className="letters-stream">
        <StreamLink streamId={streamId} /> <span className="faint numeric">v{version}</span>
      </td>
      <td className="wide">{consumer}</td>
      <td className="wide">
        {cause === null ? <span className="faint">not tried yet</span> : <code>{cause}</code>}
      </td>
      <td className="number wide">{attempts}</td>
      <td className="number wide">{behind}</td>
      <td className="letters-next">
        {nextAttemptAt === null ? (
          <span className="faint">{state === 'parked' ? 'by a person' : 'none'}</span>
        ) : (
          <Time at={nextAttemptAt} />
        )}
      </td>
    </tr>
  )
}
