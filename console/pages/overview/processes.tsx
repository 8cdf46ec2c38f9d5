import { Link } from '@tanstack/react-router'
import { Badge } from '../../ui/badge.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Empty } from '../../ui/states.tsx'
import type { Overview } from './concerns.ts'

/** Who is connected to the database, and who leads. */
export const Processes = ({ processes }: { processes: Overview['processes'] }) => (
  <Panel
    title="Database connections"
    hint="Open connections by the name of the client. The relay and the projector have one leader each."
    aside={<Link to="/maintenance">Maintenance</Link>}
  >
    {processes.length === 0 ? (
      <Empty title="No client is connected." />
    ) : (
      <ul className="overview-processes">
        {processes.map(({ name, connections, leaderOf }) => (
          <li key={name}>
            <span className="mono">{name === '' ? 'without a name' : name}</span>
            {leaderOf.map((office) => (
              <Badge key={office} tone="active">
                {`leads ${office}`}
              </Badge>
            ))}
            <span className="faint numeric">{connections}</span>
          </li>
        ))}
      </ul>
    )}
  </Panel>
)
