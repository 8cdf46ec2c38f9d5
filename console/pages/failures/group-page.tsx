import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { api } from '../../api.ts'
import { useLack } from '../../identity/principal.tsx'
import { titleOf } from '../../saga/words.ts'
import { PageHead } from '../../shell/page-head.tsx'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Amounts } from '../../ui/money.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Sparkline } from '../../ui/sparkline.tsx'
import { Empty, Read } from '../../ui/states.tsx'
import { Time } from '../../ui/time.tsx'
import { counted, isAskedFor, trendInWords, type FailureGroup } from './group.ts'
import { ParkedTable } from './parked-table.tsx'
import { RampDialog } from './ramp-dialog.tsx'
import { RejectedTable } from './rejected-table.tsx'
import { hoursOf, type FailureSearch } from './search.ts'
import { useStep, useTitle } from './use-step.ts'

/** One group of failures: how much it is, and each of it. */
export function GroupPage({ search }: { search: FailureSearch }) {
  const { step = '', code = '', state = 'parked', kind = 'order' } = search
  const hours = hoursOf(search)
  const failures = api.useQuery('get', '/operations/failures', { params: { query: { windowHours: hours } } })
  const [isRetrying, setRetrying] = useState(false)
  const group = failures.data?.data.find((each) => isAskedFor(each, search))
  const why =
    useLack()('POST /operations/parked/retry') ??
    (group === undefined ? 'Nothing of this group is parked.' : undefined)
  return (
    <>
      <PageHead
        title={`${useTitle({ state, kind, step })} · ${code}`}
        crumbs={
          <Link to="/failures" search={search.hours === undefined ? {} : { hours: search.hours }}>
            Failures
          </Link>
        }
      >
        {state === 'parked' ? (
          <Button
            look={why === undefined ? 'primary' : 'plain'}
            disabled={why !== undefined}
            title={why}
            onClick={() => setRetrying(true)}
          >
            Retry the group
          </Button>
        ) : undefined}
      </PageHead>
      <Read of={failures} lines={8}>
        {() =>
          group === undefined ? (
            <Panel title="This group">
              <Empty
                title={state === 'parked' ? 'Nothing of it is parked any more.' : 'There is nothing of it.'}
              >
                <Link to="/failures">To all failures</Link>
              </Empty>
            </Panel>
          ) : (
            <>
              <GroupSummary group={group} hours={hours} />
              {group.state === 'parked' ? (
                <ParkedTable group={group} />
              ) : (
                <RejectedTable group={group} hours={hours} />
              )}
              {isRetrying ? <RampDialog group={group} onClose={() => setRetrying(false)} /> : undefined}
            </>
          )
        }
      </Read>
    </>
  )
}

function GroupSummary({ group, hours }: { group: FailureGroup; hours: number }) {
  const { state, kind, count, amounts, trend, firstSeenAt, lastSeenAt, provider, step } = group
  const outline = useStep(kind, step)
  const isParked = state === 'parked'
  return (
    <Panel title={isParked ? 'What is parked' : 'What was rejected'} aside={<StateBadge state={state} />}>
      <dl className="facts failures-facts">
        <dt>{isParked ? 'Steps' : 'Sagas'}</dt>
        <dd className="numeric">
          {counted(count, isParked ? `step` : kind)}
          {isParked ? ` of ${kind}s` : ''}
        </dd>
        <dt>Value</dt>
        <dd>
          <Amounts amounts={amounts} />
          {isParked ? ' at risk until they are settled' : ''}
        </dd>
        <dt>Seen</dt>
        <dd>
          first <Time at={firstSeenAt} />, last <Time at={lastSeenAt} />
        </dd>
        <dt>Trend</dt>
        <dd className="row">
          <Sparkline values={trend} label={trendInWords(trend, hours)} />
          <span className="soft numeric" aria-hidden="true">
            {trendInWords(trend, hours)}
          </span>
        </dd>
        <dt>Provider</dt>
        <dd>{provider === null ? <span className="faint">none</span> : <Breaker provider={provider} />}</dd>
        {isParked && outline?.kind === 'compensatable' ? (
          <>
            <dt>Undoes</dt>
            <dd>{titleOf(step).toLowerCase()}</dd>
          </>
        ) : undefined}
      </dl>
    </Panel>
  )
}

const StateBadge = ({ state }: Pick<FailureGroup, 'state'>) =>
  state === 'parked' ? (
    <Badge tone="person" icon="hand">
      parked
    </Badge>
  ) : (
    <Badge tone="failed" icon="cross">
      rejected
    </Badge>
  )

/** Whether its provider answers now, so whether a retry is worth it. */
function Breaker({ provider }: { provider: string }) {
  const { data } = api.useQuery('get', '/operations/dependencies')
  const dependency = data?.data.find((each) => each.provider === provider)
  if (dependency === undefined) return <>{provider}</>
  const { breaker, waiting } = dependency
  const words = {
    closed: 'calls go through',
    open: 'calls are held back until it answers',
    'half-open': 'a first call is being tried',
    unknown: 'no worker has reported it',
  }
  return (
    <>
      {provider}: breaker {breaker}, {words[breaker]}
      {waiting === 0 ? '' : `; ${waiting} waiting`}
    </>
  )
}
