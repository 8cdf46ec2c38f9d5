import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { api, type Difference, type DifferenceList } from '../../api.ts'
import { useLack } from '../../identity/principal.tsx'
import { PageHead } from '../../shell/page-head.tsx'
import { Button } from '../../ui/button.tsx'
import { Choice } from '../../ui/choice.tsx'
import { More } from '../../ui/more.tsx'
import { Empty, Read } from '../../ui/states.tsx'
import { Time } from '../../ui/time.tsx'
import { DifferenceTable } from './difference-table.tsx'
import { RunDialog } from './run-dialog.tsx'
import { FILTERS } from './search.ts'
import { SettleDialog } from './settle-dialog.tsx'
import { runInWords } from './words.ts'
import './reconciliation.css'

const PAGE_ROWS = 50

/** While a run is on its way, and otherwise, in milliseconds. */
const AGAIN_MS = { soon: 2000, later: 30_000 }

const isOnItsWay = ({ runs: [newest] }: Pick<DifferenceList, 'runs'>): boolean =>
  newest?.state === 'waiting' || newest?.state === 'running'

/** Where our record and the providers do not agree; the open ones unless others are asked for. */
export function Page() {
  const { state = 'open' } = useSearch({ from: '/reconciliation' })
  const navigate = useNavigate({ from: '/reconciliation' })
  const [settled, setSettled] = useState<Difference | undefined>()
  const [isAsking, setAsking] = useState(false)
  const lack = useLack()('POST /operations/reconciliation/run')
  const found = api.useInfiniteQuery(
    'get',
    '/operations/reconciliation',
    { params: { query: { state, limit: PAGE_ROWS } } },
    {
      initialPageParam: null,
      getNextPageParam: ({ nextCursor }) => nextCursor,
      refetchInterval: ({ state: { data } }) =>
        data?.pages[0] !== undefined && isOnItsWay(data.pages[0]) ? AGAIN_MS.soon : AGAIN_MS.later,
    },
  )
  return (
    <>
      <PageHead
        title="Reconciliation"
        lead="Differences between our record of charges, refunds and shipments and what the providers list. Each was seen by two runs."
      >
        <div className="row">
          <Button look="primary" disabled={lack !== undefined} title={lack} onClick={() => setAsking(true)}>
            Compare now
          </Button>
          <LastRun list={found.data?.pages[0]} />
        </div>
      </PageHead>
      <div>
        <Choice
          label="State"
          value={state}
          options={FILTERS}
          onChange={(to) => void navigate({ search: to === 'open' ? {} : { state: to }, replace: true })}
        />
      </div>
      <div className="panel">
        <Read of={found} lines={6}>
          {({ pages }) => {
            const rows = pages.flatMap(({ data }) => data)
            return rows.length === 0 ? (
              <NoDifferences state={state} hasRun={(pages[0]?.lastRunAt ?? null) !== null} />
            ) : (
              <DifferenceTable differences={rows} onSettle={setSettled} />
            )
          }}
        </Read>
        <More of={found} />
      </div>
      {settled === undefined ? undefined : (
        <SettleDialog of={settled} onClose={() => setSettled(undefined)} />
      )}
      {isAsking ? <RunDialog onClose={() => setAsking(false)} /> : undefined}
    </>
  )
}

function LastRun({ list }: { list: DifferenceList | undefined }) {
  if (list === undefined) return undefined
  const { lastRunAt, runs } = list
  const [newest] = runs
  return (
    <span className="soft" role="status">
      {lastRunAt === null ? (
        'No run has ended yet.'
      ) : (
        <>
          Last compared <Time at={lastRunAt} />.
        </>
      )}{' '}
      {newest === undefined ? undefined : runInWords(newest)}
    </span>
  )
}

function NoDifferences({ state, hasRun }: { state: Difference['state']; hasRun: boolean }) {
  if (state === 'settled') return <Empty title="No difference was settled." />
  if (state === 'gone') return <Empty title="No open difference has vanished." />
  return hasRun ? (
    <Empty title="There is no open difference.">Our record and the providers agree.</Empty>
  ) : (
    <Empty title="Nothing was compared yet.">It is compared each night, or now.</Empty>
  )
}
