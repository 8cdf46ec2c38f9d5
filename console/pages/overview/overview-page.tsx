import { lazy, Suspense } from 'react'
import { api } from '../../api.ts'
import { PageHead } from '../../shell/page-head.tsx'
import { Failed, Skeleton } from '../../ui/states.tsx'
import { useInvariants } from '../invariants/use-invariants.ts'
import type { Overview } from './concerns.ts'
import { Figures } from './figures.tsx'
import { Latency } from './latency.tsx'
import { Processes } from './processes.tsx'
import { Providers } from './providers.tsx'
import { Queues } from './queues.tsx'
import { Verdict } from './verdict.tsx'
import { Welcome } from './welcome.tsx'
import './overview.css'

const Throughput = lazy(() => import('./throughput.tsx'))

/** One look says whether to worry, and where to click. */
export function Page() {
  const overview = api.useQuery('get', '/operations/overview')
  const dependencies = api.useQuery('get', '/operations/dependencies')
  const projections = api.useQuery('get', '/operations/projections')
  const maintenance = api.useQuery('get', '/operations/maintenance')
  const invariants = useInvariants()
  const isReading = [overview, dependencies, projections, maintenance].some(({ isPending }) => isPending)
  const { data } = overview
  return (
    <>
      <PageHead title="Overview" />
      {overview.error !== null && data === undefined ? (
        <Failed error={overview.error} onRetry={() => void overview.refetch()} />
      ) : data === undefined || isReading ? (
        <Skeleton lines={16} />
      ) : (
        <>
          <Verdict
            reading={{
              overview: data,
              dependencies: dependencies.data ?? null,
              projections: projections.data ?? null,
              maintenance: maintenance.data ?? null,
              invariants: invariants.data ?? (invariants.isPending ? undefined : null),
            }}
          />
          {isEmpty(data) ? <Welcome /> : undefined}
          <Figures orders={data.orders} asOf={data.asOf} />
          <div className="overview-pair">
            <Suspense fallback={<div className="panel overview-chart-place" aria-busy="true" />}>
              <Throughput throughput={data.throughput} />
            </Suspense>
            <Latency latency={data.latency} />
          </div>
          <div className="overview-pair">
            <div className="overview-column">
              <Providers />
              <Processes processes={data.processes} />
            </div>
            <Queues overview={data} />
          </div>
        </>
      )}
    </>
  )
}

/** Nothing was placed lately, and nothing is open: most likely nothing ever was. */
const isEmpty = ({ orders: { lastDay, oldestOpen } }: Overview) =>
  oldestOpen === null && lastDay.every(({ count }) => count === 0)
