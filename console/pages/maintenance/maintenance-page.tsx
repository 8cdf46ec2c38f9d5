import { api } from '../../api.ts'
import { PageHead } from '../../shell/page-head.tsx'
import { Read } from '../../ui/states.tsx'
import { Development } from './development.tsx'
import { MaintenanceForm } from './maintenance-form.tsx'
import './maintenance.css'

/** What operators hold up; in development, also how things are broken on purpose. */
export function Page() {
  const maintenance = api.useQuery('get', '/operations/maintenance')
  return (
    <>
      <PageHead
        title="Maintenance"
        lead="Hold up new work, one step, or all calls to a provider. Every process obeys at once, and what waits continues afterwards."
      />
      <Read of={maintenance} lines={12}>
        {(now) => <MaintenanceForm now={now} />}
      </Read>
      <Development />
    </>
  )
}
