import { Link } from '@tanstack/react-router'
import { PageHead } from '../../shell/page-head.tsx'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Failed, Read } from '../../ui/states.tsx'
import { Time } from '../../ui/time.tsx'
import { partsOf } from './offenders.ts'
import { useInvariants } from './use-invariants.ts'
import { wordsOf } from './words.ts'
import './invariants.css'

interface Check {
  name: string
  ok: boolean
  detail: string
}

/** What must be true at any moment, whatever has happened. */
export function Page() {
  const invariants = useInvariants()
  const { data, error, isFetching, dataUpdatedAt, refetch } = invariants
  return (
    <>
      <PageHead
        title="Invariants"
        lead="What must be true at any moment, whatever fails. Each check compares the tables, the event streams and the providers’ own ledgers. Open and parked orders violate nothing."
      >
        <div className="row">
          <Button look="primary" isBusy={isFetching} onClick={() => void refetch()}>
            Check again
          </Button>
          <span className="soft invariants-when" role="status">
            {isFetching ? (
              'Checking now…'
            ) : dataUpdatedAt === 0 ? undefined : (
              <>
                Checked <Time at={new Date(dataUpdatedAt).toISOString()} />
              </>
            )}
          </span>
        </div>
      </PageHead>
      {error !== null && data !== undefined ? <Failed error={error} /> : undefined}
      <Read of={invariants} lines={14}>
        {({ checks }) => <Checks checks={checks} />}
      </Read>
    </>
  )
}

function Checks({ checks }: { checks: readonly Check[] }) {
  const broken = checks.filter(({ ok }) => !ok)
  // Broken ones first; among equals the API's order.
  const sorted = [...broken, ...checks.filter(({ ok }) => ok)]
  return (
    <>
      <p className="invariants-verdict" data-tone={broken.length === 0 ? 'done' : 'failed'}>
        <strong>
          {broken.length === 0
            ? `All ${checks.length} checks hold.`
            : `${broken.length} of ${checks.length} checks ${broken.length === 1 ? 'does' : 'do'} not hold.`}
        </strong>{' '}
        {broken.length === 0
          ? 'Nothing is lost, doubled or left over.'
          : 'Open what is listed below, and keep it as it is until the cause is known.'}
      </p>
      <ul className="panel invariants-checks" aria-label="Checks">
        {sorted.map((check) => (
          <CheckRow key={check.name} check={check} />
        ))}
      </ul>
    </>
  )
}

function CheckRow({ check: { name, ok, detail } }: { check: Check }) {
  const { title, rule } = wordsOf(name)
  return (
    <li>
      <div>
        {ok ? (
          <Badge tone="done" icon="check">
            holds
          </Badge>
        ) : (
          <Badge tone="failed" icon="cross">
            broken
          </Badge>
        )}
      </div>
      <div>
        <h2 className="invariants-title">{title}</h2>
        {title === name ? undefined : <span className="faint mono">{name}</span>}
      </div>
      <div className="invariants-rule">
        {rule}
        {ok && detail === 'holds' ? undefined : (
          <p className={ok ? 'faint' : 'invariants-detail'}>
            {partsOf(name, detail).map(({ text, id, page }, index) =>
              id === undefined || page === undefined ? (
                text
              ) : (
                <Link key={`${id} ${index}`} to={page} params={{ id }} className="mono">
                  {text}
                </Link>
              ),
            )}
          </p>
        )}
      </div>
    </li>
  )
}
