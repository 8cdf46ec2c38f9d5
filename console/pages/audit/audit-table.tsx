import { Link } from '@tanstack/react-router'
import type { components } from '../../api-types.ts'
import { Badge } from '../../ui/badge.tsx'
import { Time } from '../../ui/time.tsx'

type Entry = components['schemas']['AuditEntry']

/** Entries of the record. Who and what lead to more of the same. */
export const AuditTable = ({ entries }: { entries: readonly Entry[] }) => (
  <div className="table-box" role="region" aria-label="Entries" tabIndex={0}>
    <table className="table audit-table">
      <thead>
        <tr>
          <th scope="col">When</th>
          <th scope="col">Who</th>
          <th scope="col">Action</th>
          <th scope="col">On</th>
          <th scope="col">Outcome</th>
          <th scope="col">Reason</th>
        </tr>
      </thead>
      <tbody>
        {entries.map((entry) => (
          <EntryRow key={`${entry.at} ${entry.requestId}`} entry={entry} />
        ))}
      </tbody>
    </table>
  </div>
)

function EntryRow({ entry }: { entry: Entry }) {
  const { at, subject, action, target, outcome, reason, requestId } = entry
  return (
    <tr title={`Request ${requestId}`}>
      <td className="audit-time">
        <Time at={at} />
      </td>
      <td className="audit-who">
        <Link to="/audit" search={{ subject }}>
          {subject}
        </Link>
      </td>
      <td className="audit-text">
        <Link to="/audit" search={{ action }}>
          {action}
        </Link>
      </td>
      <td className="audit-text mono">{target}</td>
      <td>
        <Outcome outcome={outcome} />
      </td>
      <td className="audit-text">
        {reason ?? (
          <span className="faint" title="None was given, or it was erased with the data of a person.">
            <span aria-hidden="true">–</span>
            <span className="visually-hidden">none, or erased</span>
          </span>
        )}
      </td>
    </tr>
  )
}

function Outcome({ outcome }: Pick<Entry, 'outcome'>) {
  if (outcome === 'done')
    return (
      <Badge tone="done" icon="check">
        done
      </Badge>
    )
  if (outcome !== null)
    return (
      <Badge tone="failed" icon="cross">
        {outcome}
      </Badge>
    )
  return (
    <span className="faint" title="It is being done, or the process died meanwhile.">
      not known
    </span>
  )
}
