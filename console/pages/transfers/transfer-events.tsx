import { api, type Transfer } from '../../api.ts'
import { EventTable } from '../../saga/event-table.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Read } from '../../ui/states.tsx'

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
        {({ data }) => <EventTable events={data} label="Events of the transfer" />}
      </Read>
    </Panel>
  )
}
