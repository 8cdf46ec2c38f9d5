import { Link, type LinkProps } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { api } from '../../api.ts'
import { formatCount } from '../../ui/count.ts'
import { Panel } from '../../ui/panel.tsx'
import { span } from '../../ui/time.tsx'
import type { Overview } from './concerns.ts'

/** What is accepted and not done yet, from the start of a workflow to the read models. */
export function Queues({ overview }: { overview: Overview }) {
  const projections = api.useQuery('get', '/operations/projections')
  const { asOf, starts, wakes, outbox, orphans, deadLetters } = overview
  const age = (at: string | null) =>
    at === null ? undefined : `oldest ${span(Date.parse(asOf) - Date.parse(at))}`
  return (
    <Panel title="Queues and lag">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">What waits</th>
            <th scope="col" className="number">
              Now
            </th>
            <th scope="col" className="number overview-detail">
              Detail
            </th>
          </tr>
        </thead>
        <tbody>
          <Queue
            title="Workflows to start"
            hint="Orders, returns and transfers that are stored, and whose workflow has not started yet"
            value={starts.backlog}
            note={age(starts.oldestAt)}
            to="/orders"
          />
          <Queue
            title="Workflows to wake"
            hint="Waiting workflows that are to try again now, after a pause ended or an operator asked for it"
            value={wakes.backlog}
            to="/orders"
          />
          <Queue
            title="Orphans"
            hint="Open orders, returns and transfers that no workflow runs"
            value={orphans.count}
            note={age(orphans.oldestSince)}
            to="/invariants"
          />
          <Queue
            title="Events to publish"
            hint="Events in the outbox that the relay has not passed on yet"
            value={outbox.unpublished}
            note={age(outbox.oldestAt)}
            to="/read-models"
          />
          <Queue
            title="Dead letters"
            hint="Events that a read model could not apply, and that wait for a person"
            value={deadLetters.parked}
            note={`${deadLetters.retrying} retrying, ${deadLetters.behind} behind`}
            to="/dead-letters"
          />
          {projections.data?.data.map(({ name, lagMs }) => (
            <Queue
              key={name}
              title={`Lag of ${name}`}
              hint="How far this read model is behind the events"
              value={span(lagMs)}
              to="/read-models"
            />
          ))}
        </tbody>
      </table>
    </Panel>
  )
}

interface QueueProps {
  title: string
  /** What it counts. */
  hint: string
  value: number | string
  note?: string | undefined
  to: NonNullable<LinkProps['to']>
}

const Queue = ({ title, hint, value, note, to }: QueueProps): ReactNode => (
  <tr>
    <th scope="row">
      <Link to={to} className="overview-plain-link" title={hint}>
        {title}
      </Link>
    </th>
    <td className={value === 0 || value === '0 ms' ? 'number faint' : 'number'}>
      {typeof value === 'number' ? formatCount(value) : value}
    </td>
    <td className="number overview-detail faint">{note}</td>
  </tr>
)
