import { useNavigate, useSearch } from '@tanstack/react-router'
import { api } from '../../api.ts'
import { given } from '../../shell/search.ts'
import { PageHead } from '../../shell/page-head.tsx'
import { Choice } from '../../ui/choice.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Empty, Read } from '../../ui/states.tsx'
import { BatchList } from './batch-list.tsx'
import { GroupPage } from './group-page.tsx'
import { GroupTable } from './group-table.tsx'
import { counted, isAskedFor, isOneGroup, type FailureGroup } from './group.ts'
import { hoursOf, type FailureSearch } from './search.ts'
import './failures.css'

/** What failed, by cause: what waits for a person, and what is over. One group, when the URL names one. */
export function Page() {
  const search = useSearch({ from: '/failures' })
  return isOneGroup(search) ? <GroupPage search={search} /> : <Groups search={search} />
}

function Groups({ search }: { search: FailureSearch }) {
  const hours = hoursOf(search)
  const failures = api.useQuery('get', '/operations/failures', { params: { query: { windowHours: hours } } })
  const total = (state: FailureGroup['state'], noun: string) =>
    failures.data === undefined ? undefined : <Total groups={groups(state)} noun={noun} />
  const groups = (state: FailureGroup['state']) =>
    failures.data?.data.filter((group) => group.state === state && isAskedFor(group, search)) ?? []
  return (
    <>
      <PageHead
        title="Failures"
        lead="Grouped by cause: one provider that is away is one line, however many orders it holds up."
      >
        <Filters search={search} />
      </PageHead>
      {search.state === 'rejected' ? undefined : (
        <Panel
          title="Parked"
          aside={total('parked', 'step')}
          hint="No machine could settle these. Open a group to see its steps, retry them, or give them up."
        >
          <Read of={failures} lines={4}>
            {() => (
              <GroupTable
                groups={groups('parked')}
                hours={hours}
                caption="Parked steps by cause"
                empty={
                  <Empty title="Nothing is parked.">
                    Every step was settled by itself, or is still being tried.
                  </Empty>
                }
              />
            )}
          </Read>
        </Panel>
      )}
      {search.state === 'parked' ? undefined : (
        <Panel
          title="Rejected"
          aside={total('rejected', 'saga')}
          hint={`Placed in the last ${counted(hours, 'hour')}, refused or failed, and undone. Nothing is left to do; a rise has a cause.`}
        >
          <Read of={failures} lines={4}>
            {() => (
              <GroupTable
                groups={groups('rejected')}
                hours={hours}
                caption="Rejected sagas by cause"
                empty={
                  <Empty title="Nothing was rejected.">
                    What was placed in the last {counted(hours, 'hour')} completed, or is still open.
                  </Empty>
                }
              />
            )}
          </Read>
        </Panel>
      )}
      <BatchList />
    </>
  )
}

const Total = ({ groups, noun }: { groups: readonly FailureGroup[]; noun: string }) => (
  <span className="faint numeric">
    {counted(
      groups.reduce((sum, { count }) => sum + count, 0),
      noun,
    )}
  </span>
)

const STATES = [
  ['all', 'All'],
  ['parked', 'Parked'],
  ['rejected', 'Rejected'],
] as const
const KINDS = [
  ['all', 'All sagas'],
  ['order', 'Orders'],
  ['return', 'Returns'],
  ['transfer', 'Transfers'],
] as const
const WINDOWS = [
  ['1', '1 h'],
  ['24', '24 h'],
  ['168', '7 days'],
] as const

function Filters({ search }: { search: FailureSearch }) {
  const { state, kind, step, code } = search
  const navigate = useNavigate({ from: '/failures' })
  const set = (change: { [Name in keyof FailureSearch]?: FailureSearch[Name] | undefined }) =>
    void navigate({ search: (before) => given({ ...before, ...change }), replace: true })
  const isNarrowed = step !== undefined || code !== undefined
  return (
    <div className="row">
      {isNarrowed ? (
        <button type="button" className="button" onClick={() => void navigate({ search: {} })}>
          Only {[step, code].filter((part) => part !== undefined).join(' · ')}: show all
        </button>
      ) : undefined}
      <Choice
        label="State"
        value={state ?? 'all'}
        options={STATES}
        onChange={(value) => set({ state: value === 'all' ? undefined : value })}
      />
      <Choice
        label="Saga"
        value={kind ?? 'all'}
        options={KINDS}
        onChange={(value) => set({ kind: value === 'all' ? undefined : value })}
      />
      <Choice
        label="Window"
        value={WINDOWS.find(([hours]) => Number(hours) === hoursOf(search))?.[0]}
        options={WINDOWS}
        onChange={(value) => set({ hours: Number(value) })}
      />
    </div>
  )
}
