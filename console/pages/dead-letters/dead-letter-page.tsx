import { Link, useParams } from '@tanstack/react-router'
import { api, isNotFound } from '../../api.ts'
import type { components } from '../../api-types.ts'
import { TraceLink } from '../../saga/trace-link.tsx'
import { titleOf } from '../../saga/words.ts'
import { PageHead } from '../../shell/page-head.tsx'
import { Badge } from '../../ui/badge.tsx'
import { CopyButton } from '../../ui/id.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Empty, Read } from '../../ui/states.tsx'
import { Time } from '../../ui/time.tsx'
import { HeldUp } from './held-up.tsx'
import { LetterActions } from './letter-actions.tsx'
import { causeInWords, LETTER_LOOKS } from './letter.ts'
import './dead-letters.css'

type LetterWithEvent = components['schemas']['DeadLetterWithEvent']

/** One dead letter: why it could not be applied, what it holds up, and the event itself. */
export function Page() {
  const { id } = useParams({ from: '/dead-letters/$id' })
  const letter = api.useQuery('get', '/operations/dead-letters/{id}', { params: { path: { id } } })
  const { data } = letter
  const crumbs = <Link to="/dead-letters">Dead letters</Link>
  if (isNotFound(letter.error))
    return (
      <>
        <PageHead title="Dead letter" crumbs={crumbs} />
        <Panel title="It is gone">
          <Empty title="No dead letter has this id.">
            A dead letter is removed once its event is applied.{' '}
            <Link to="/dead-letters">To those that are left</Link>
          </Empty>
        </Panel>
      </>
    )
  return (
    <>
      <PageHead
        title={data === undefined ? 'Dead letter' : `${titleOf(data.type)} at ${data.consumer}`}
        crumbs={crumbs}
      >
        {data === undefined ? undefined : <LetterActions letter={data} />}
      </PageHead>
      <Read of={letter} lines={8}>
        {(one) => (
          <>
            <Why letter={one} />
            <div className="letter-columns">
              <HeldUp letter={one} />
              <Payload letter={one} />
            </div>
          </>
        )}
      </Read>
    </>
  )
}

function Why({ letter }: { letter: LetterWithEvent }) {
  const { state, cause, message, attempts, firstFailedAt, lastFailedAt, nextAttemptAt, traceId } = letter
  const { consumer, generation } = letter
  const [tone, icon] = LETTER_LOOKS[state]
  return (
    <Panel
      title="Why"
      aside={
        <Badge tone={tone} icon={icon}>
          {state}
        </Badge>
      }
      hint={causeInWords(cause)}
    >
      <dl className="facts">
        <dt>Cause</dt>
        <dd>
          {cause === null ? (
            'It was not tried yet: it waits behind an earlier one.'
          ) : (
            <Link
              to="/dead-letters"
              search={{ consumer, cause }}
              className="mono"
              title="All with this cause"
            >
              {cause}
            </Link>
          )}
        </dd>
        {message === null ? undefined : (
          <>
            <dt>Message</dt>
            <dd>{message}</dd>
          </>
        )}
        <dt>Consumer</dt>
        <dd>
          {consumer}
          {generation === null ? '' : `, generation ${generation}`}
        </dd>
        <dt>Attempts</dt>
        <dd className="numeric">
          {attempts}
          {firstFailedAt === null ? undefined : (
            <>
              , the first <Time at={firstFailedAt} />
            </>
          )}
          {lastFailedAt === null ? undefined : (
            <>
              , the last <Time at={lastFailedAt} />
            </>
          )}
        </dd>
        <dt>Next</dt>
        <dd>{nextAttemptAt === null ? NEXT[state] : <Time at={nextAttemptAt} />}</dd>
        {traceId === null ? undefined : (
          <>
            <dt>Trace</dt>
            <dd>
              <TraceLink of={letter} />
            </dd>
          </>
        )}
      </dl>
    </Panel>
  )
}

const NEXT: Record<LetterWithEvent['state'], string> = {
  parked: 'no attempt by itself: a person decides',
  retrying: 'soon',
  behind: 'after the one it waits for',
  discarded: 'none',
}

function Payload({ letter: { event } }: { letter: LetterWithEvent }) {
  const text = JSON.stringify(event, undefined, 2)
  return (
    <Panel title="Event" aside={<CopyButton text={text} what="the event" />}>
      <pre className="letter-payload" tabIndex={0} aria-label="The event as JSON">
        {text}
      </pre>
    </Panel>
  )
}
