import type { SagaEvent } from '../api.ts'
import { Clock } from '../ui/time.tsx'
import { wordsOf } from './event-words.ts'
import { titleOf } from './words.ts'
import './event-table.css'

/** What happened to a saga. @param label what the events are of, for those who do not see it. */
export const EventTable = ({ events, label }: { events: readonly SagaEvent[]; label: string }) => (
  <div className="table-box" role="region" aria-label={label} tabIndex={0}>
    <table className="table event-table">
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
