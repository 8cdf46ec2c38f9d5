import { useState } from 'react'
import { api } from '../../api.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Empty, Read } from '../../ui/states.tsx'
import { Time } from '../../ui/time.tsx'
import { KillDialog, type Process } from './kill-dialog.tsx'

const READ_EVERY_MS = 1000

/** The processes of this system, each of which may be killed. */
export function Processes() {
  const processes = api.useQuery('get', '/development/processes', {}, { refetchInterval: READ_EVERY_MS })
  const [victim, setVictim] = useState<Process | undefined>()
  return (
    <Panel
      title="Processes"
      hint="Kill one at any moment: nothing that was accepted is lost. The supervisor starts it again within 5 seconds."
    >
      <Read of={processes} lines={8}>
        {({ data }) =>
          data.length === 0 ? (
            <Empty title="No process is supervised.">
              They are when the system was started with npm start.
            </Empty>
          ) : (
            <ProcessTable processes={data} onKill={setVictim} />
          )
        }
      </Read>
      {victim === undefined ? undefined : (
        <KillDialog process={victim} onClose={() => setVictim(undefined)} />
      )}
    </Panel>
  )
}

interface ProcessTableProps {
  processes: readonly Process[]
  onKill: (process: Process) => void
}

const ProcessTable = ({ processes, onKill }: ProcessTableProps) => (
  <div className="table-box" role="region" aria-label="All processes" tabIndex={0}>
    <table className="table maintenance-processes">
      <thead>
        <tr>
          <th scope="col">Process</th>
          <th scope="col">State</th>
          <th scope="col">Since</th>
          <th scope="col" className="number maintenance-wide">
            Pid
          </th>
          <th scope="col" className="number maintenance-wide">
            Restarts
          </th>
          <th scope="col">
            <span className="visually-hidden">Action</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {processes.map((process) => (
          <ProcessRow key={process.name} process={process} onKill={() => onKill(process)} />
        ))}
      </tbody>
    </table>
  </div>
)

function ProcessRow({
  process: { name, pid, restarts, since },
  onKill,
}: {
  process: Process
  onKill: () => void
}) {
  const isDown = pid === null
  return (
    <tr>
      <td>
        <code>{name}</code>
      </td>
      <td>
        <Badge tone={isDown ? 'failed' : 'done'} icon={isDown ? 'cross' : 'check'}>
          {isDown ? 'down' : 'up'}
        </Badge>
      </td>
      <td>
        <Time at={since} />
      </td>
      <td className="number maintenance-wide">{pid ?? '—'}</td>
      <td className="number maintenance-wide">{restarts}</td>
      <td className="number">
        <Button
          look="danger"
          disabled={isDown}
          title={isDown ? 'It is down: the supervisor starts it again.' : undefined}
          aria-label={`Kill ${name}`}
          onClick={onKill}
        >
          Kill
        </Button>
      </td>
    </tr>
  )
}
