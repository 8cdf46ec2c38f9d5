import { api, isNotFound } from '../../api.ts'
import { useLack } from '../../identity/principal.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Empty, Read } from '../../ui/states.tsx'
import { FaultForm } from './fault-form.tsx'
import { Processes } from './processes.tsx'

const READ_EVERY_MS = 5000

/** Breaking things on purpose: shown where the API has routes for it, which is in development alone. */
export function Development() {
  const why = useLack()('GET /development/faults')
  const faults = api.useQuery(
    'get',
    '/development/faults',
    {},
    {
      enabled: why === undefined,
      refetchInterval: ({ state }) => (isNotFound(state.error) ? false : READ_EVERY_MS),
    },
  )
  if (why !== undefined)
    return (
      <Panel title="Breaking things on purpose">
        <Empty title="Faults of the sandbox, and killing a process.">{why}</Empty>
      </Panel>
    )
  if (isNotFound(faults.error)) return null
  // It is not known yet whether there is such a part: nothing holds its place.
  if (faults.isPending) return null
  return (
    <>
      <Read of={faults}>{(now) => <FaultForm now={now} />}</Read>
      <Processes />
    </>
  )
}
