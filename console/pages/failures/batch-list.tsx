import { Link } from '@tanstack/react-router'
import { api } from '../../api.ts'
import { Badge } from '../../ui/badge.tsx'
import { PartsBar } from '../../ui/parts-bar.tsx'
import { More } from '../../ui/more.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Empty, Read } from '../../ui/states.tsx'
import { Time } from '../../ui/time.tsx'
import { BATCH_LOOKS, batchTitle, partsOf, type Batch } from './batch.ts'
import { useParkedTitle } from './use-step.ts'

const PAGE = 10

/** The retries of groups, those that run and earlier ones. */
export function BatchList() {
  const batches = api.useInfiniteQuery(
    'get',
    '/operations/retries',
    { params: { query: { limit: PAGE } } },
    {
      initialPageParam: null,
      getNextPageParam: ({ nextCursor }) => nextCursor,
    },
  )
  return (
    <Panel title="Retries of groups" hint="Wave by wave, newest first. Open one to pause or stop it.">
      <Read of={batches}>
        {({ pages }) =>
          pages[0]?.data.length === 0 ? (
            <Empty title="No group was retried yet.">Open a parked group to retry all of it.</Empty>
          ) : (
            <>
              <div className="table-box">
                <table className="table failures-batches">
                  <caption className="visually-hidden">Retries of groups</caption>
                  <thead>
                    <tr>
                      <th scope="col">What</th>
                      <th scope="col">Status</th>
                      <th scope="col" className="wide">
                        Progress
                      </th>
                      <th scope="col" className="number">
                        Settled
                      </th>
                      <th scope="col" className="number wide">
                        Parked again
                      </th>
                      <th scope="col" className="wide">
                        Begun
                      </th>
                      <th scope="col" className="wide">
                        By, and why
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {pages
                      .flatMap(({ data }) => data)
                      .map((batch) => (
                        <BatchRow key={batch.id} batch={batch} />
                      ))}
                  </tbody>
                </table>
              </div>
              <More of={batches} />
            </>
          )
        }
      </Read>
    </Panel>
  )
}

function BatchRow({ batch }: { batch: Batch }) {
  const { id, status, filter, total, succeeded, failed, createdAt, actor, reason } = batch
  const title = useParkedTitle(filter.kind, filter.step)
  const [tone, icon] = BATCH_LOOKS[status]
  return (
    <tr>
      <th scope="row" className="failures-name">
        <Link to="/failures/retries/$id" params={{ id }}>
          {batchTitle(filter, title)}
        </Link>
        <span className="failures-code">
          {[title === undefined ? undefined : filter.errorClass, filter.kind]
            .filter((part) => part !== undefined)
            .join(' · ')}
        </span>
      </th>
      <td>
        <Badge tone={tone} icon={icon}>
          {status}
        </Badge>
      </td>
      <td className="failures-meter wide">
        <PartsBar parts={partsOf(batch)} />
      </td>
      <td className="number">
        {succeeded} of {total}
      </td>
      <td className="number wide">{failed}</td>
      <td className="wide">
        <Time at={createdAt} />
      </td>
      <td className="failures-why wide">
        <span title={reason}>
          {actor}: {reason}
        </span>
      </td>
    </tr>
  )
}
