import { Link, useParams } from '@tanstack/react-router'
import { api } from '../../api.ts'
import { PageHead } from '../../shell/page-head.tsx'
import { Badge } from '../../ui/badge.tsx'
import { PartsBar } from '../../ui/parts-bar.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Read } from '../../ui/states.tsx'
import { Time } from '../../ui/time.tsx'
import { BATCH_LOOKS, batchInWords, batchTitle, hasEnded, partsOf, type Batch } from './batch.ts'
import { RetryActions } from './retry-actions.tsx'
import { useParkedTitle } from './use-step.ts'
import './failures.css'

/** While it runs, its waves come faster than the events of the console. */
const READ_EVERY_MS = 1000
const READ_ENDED_EVERY_MS = 30_000

/** The retry of a group, as it goes on. */
export function Page() {
  const { id } = useParams({ from: '/failures/retries/$id' })
  const batch = api.useQuery(
    'get',
    '/operations/retries/{id}',
    { params: { path: { id } } },
    {
      refetchInterval: ({ state: { data } }) =>
        data !== undefined && hasEnded(data) ? READ_ENDED_EVERY_MS : READ_EVERY_MS,
    },
  )
  const title = useParkedTitle(batch.data?.filter.kind, batch.data?.filter.step)
  return (
    <>
      <PageHead
        title={
          batch.data === undefined
            ? 'Retry of a group'
            : `Retry: ${batchTitle(batch.data.filter, title).toLowerCase()}`
        }
        crumbs={<Link to="/failures">Failures</Link>}
      >
        {batch.data === undefined ? undefined : <RetryActions batch={batch.data} />}
      </PageHead>
      <Read of={batch} lines={8}>
        {(data) => (
          <>
            <Progress batch={data} />
            <Facts batch={data} />
          </>
        )}
      </Read>
    </>
  )
}

function Progress({ batch }: { batch: Batch }) {
  const [tone, icon] = BATCH_LOOKS[batch.status]
  const parts = partsOf(batch)
  return (
    <Panel
      title="Progress"
      aside={
        <Badge tone={tone} icon={icon}>
          {batch.status}
        </Badge>
      }
      hint={<span className="numeric">{batchInWords(batch)}</span>}
    >
      <PartsBar parts={parts} />
      <dl className="retry-parts">
        {parts.map(({ tone: partTone, value, word }) => (
          <div key={word} data-tone={partTone}>
            <dt>{word}</dt>
            <dd>{value.toLocaleString('en')}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  )
}

function Facts({
  batch: { filter, total, rampPercent, actor, reason, createdAt, updatedAt },
}: {
  batch: Batch
}) {
  const { kind, step, errorClass: code } = filter
  const title = useParkedTitle(kind, step)
  return (
    <Panel
      title="What it is"
      aside={
        kind === undefined || step === undefined || code === undefined ? undefined : (
          <Link to="/failures" search={{ state: 'parked', kind, step, code }}>
            What is still parked
          </Link>
        )
      }
    >
      <dl className="facts failures-facts">
        <dt>Retries</dt>
        <dd>
          {batchTitle(filter, title)}
          {kind === undefined ? '' : ` of ${kind}s`}
          {code === undefined ? '' : `, parked by ${code}`}, as it was when the retry began
        </dd>
        <dt>Steps</dt>
        <dd className="numeric">
          {total.toLocaleString('en')}, {rampPercent} % of them at once
        </dd>
        <dt>By</dt>
        <dd>{actor}</dd>
        <dt>Reason</dt>
        <dd>{reason}</dd>
        <dt>Begun</dt>
        <dd>
          <Time at={createdAt} />
        </dd>
        <dt>Last moved</dt>
        <dd>
          <Time at={updatedAt} />
        </dd>
      </dl>
    </Panel>
  )
}
