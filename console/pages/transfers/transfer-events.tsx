import { api, type SagaEvent, type Transfer } from '../../api.ts'
import { titleOf } from '../../saga/words.ts'
import { Panel } from '../../ui/panel.tsx'
import { Read } from '../../ui/states.tsx'
import { Clock } from '../../ui/time.tsx'
import { wordsOf } from './event-words.ts'

/** What happened to a transfer. */
export function TransferEvents({ transfer: { id, version } }: { transfer: Transfer }) {
  const events = api.useQuery('get', '/transfers/{id}/events', { params: { path: { id } } })
  return (
    <Panel
      title="Events"
      aside={<span className="faint numeric">{version} so far</span>}
      hint="Append-only, one version each. The money itself moves in events of the two accounts."
    >
      <Read of={events} lines={4}>
        {({ data }) => <EventTable events={data} />}
      </Read>
    </Panel>
  )
}

const EventTable = ({ events }: { events: readonly SagaEvent[] }) => (
  <div className="table-box" role="region" aria-label="Events of the transfer" tabIndex={0}>
    <table className="table transfers-events">
      <thead>
        <tr>
          <th scope="col" className="number">
            Version
          </th>
          <th scope="col">Event</th>
          <th scope="col">What it says</th>
          <th scope="col">Time</th>
        </tr>
      </thead>
      <tbody>
        {events.map((event) => (
          <tr key={event.version}>
            <td className="number">{event.version}</td>
            <td>{titleOf(event.type)}</td>
            <td className="soft">{wordsOf(event)}</td>
            <td>
              <Clock at={event.recordedAt} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
)
