import { api, type Order } from '../../api.ts'
import { titleOf } from '../../saga/words.ts'
import { useState } from 'react'
import { Panel } from '../../ui/panel.tsx'
import { Read } from '../../ui/states.tsx'
import { Clock } from '../../ui/time.tsx'
import { differenceOf } from './difference.ts'

/** Every event, and what it changed. */
export function EventList({ order: { id, version } }: { order: Order }) {
  const events = api.useQuery('get', '/orders/{id}/events', {
    params: { path: { id }, query: { limit: 100 } },
  })
  return (
    <Panel
      title="Events"
      aside={<span className="faint numeric">{version} so far</span>}
      hint="Append-only, one version each. Open one to see what it changed."
    >
      <Read of={events} lines={6}>
        {({ data }) => (
          <ol className="events">
            {data.map((event) => (
              <EventRow key={event.version} id={id} event={event} />
            ))}
          </ol>
        )}
      </Read>
    </Panel>
  )
}

interface EventRowProps {
  id: string
  event: { version: number; type: string; data: Record<string, unknown>; recordedAt: string }
}

function EventRow({ id, event: { version, type, data, recordedAt } }: EventRowProps) {
  const [isOpen, setOpen] = useState(false)
  return (
    <li>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary className="event">
          <span className="event-version numeric">{version}</span>
          <span className="event-type">{titleOf(type)}</span>
          <Clock at={recordedAt} />
        </summary>
        {isOpen ? (
          <div className="event-detail">
            <Difference id={id} version={version} />
            <pre>{JSON.stringify(data, undefined, 2)}</pre>
          </div>
        ) : undefined}
      </details>
    </li>
  )
}

const usePast = (id: string, version: number) =>
  api.useQuery(
    'get',
    '/orders/{id}',
    { params: { path: { id }, query: { asOfVersion: version } } },
    { enabled: version >= 1, refetchInterval: false, staleTime: Number.POSITIVE_INFINITY },
  )

function Difference({ id, version }: { id: string; version: number }) {
  const before = usePast(id, version - 1)
  const after = usePast(id, version)
  if (after.data === undefined || (version > 1 && before.data === undefined)) return null
  const changes = differenceOf(before.data, after.data)
  if (changes.length === 0) return <p className="soft">Nothing that is shown of the order changed.</p>
  return (
    <dl className="facts">
      {changes.map(({ what, before: from, after: to }) => (
        <div key={what} style={{ display: 'contents' }}>
          <dt>{what}</dt>
          <dd>
            <del>{from}</del> → <ins>{to}</ins>
          </dd>
        </div>
      ))}
    </dl>
  )
}
