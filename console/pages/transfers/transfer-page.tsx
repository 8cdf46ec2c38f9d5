import { Link, useParams } from '@tanstack/react-router'
import { api, type Transfer } from '../../api.ts'
import { SagaMap } from '../../saga/saga-map.tsx'
import { TraceLink } from '../../saga/trace-link.tsx'
import { useOutlines } from '../../saga/use-outlines.ts'
import { titleOf } from '../../saga/words.ts'
import { PageHead } from '../../shell/page-head.tsx'
import { StatusBadge } from '../../ui/badge.tsx'
import { CopyButton, shortId } from '../../ui/id.tsx'
import { Icon } from '../../ui/icon.tsx'
import { Money } from '../../ui/money.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Read } from '../../ui/states.tsx'
import { Time } from '../../ui/time.tsx'
import { forecast } from '../order/forecast.ts'
import { TransferActions } from './transfer-actions.tsx'
import { TransferEvents } from './transfer-events.tsx'
import './transfers.css'

/** One transfer: where the money is, and how it came there. */
export function Page() {
  const { id } = useParams({ from: '/transfers/$id' })
  const transfer = api.useQuery('get', '/transfers/{id}', { params: { path: { id } } })
  return (
    <>
      <PageHead title={`Transfer ${shortId(id)}`} crumbs={<Link to="/transfers">Transfers</Link>}>
        {transfer.data === undefined ? undefined : <TransferActions transfer={transfer.data} />}
      </PageHead>
      <Read of={transfer} lines={8}>
        {(found) => <TransferBody transfer={found} />}
      </Read>
    </>
  )
}

function TransferBody({ transfer }: { transfer: Transfer }) {
  const { definition, steps, workflow } = transfer
  const { outlines, compensationOf } = useOutlines(definition)
  return (
    <>
      <Summary transfer={transfer} />
      <Panel
        title="Saga"
        aside={
          <>
            <TraceLink of={transfer} />{' '}
            <a href={workflow.url} target="_blank" rel="noreferrer">
              Temporal history <Icon name="out" />
            </a>
          </>
        }
        hint={forecast(transfer, compensationOf)}
      >
        <SagaMap steps={steps} outlines={outlines} label="The steps of this transfer" />
      </Panel>
      <TransferEvents transfer={transfer} />
    </>
  )
}

function Summary({ transfer }: { transfer: Transfer }) {
  const { id, status, reason, amountMinor, currency, sourceAccountId, destinationAccountId, createdAt } =
    transfer
  return (
    <section className="transfers-summary" aria-label="Summary">
      <div className="transfers-summary-head">
        <StatusBadge status={status} />
        <strong className="transfers-amount">
          <Money amountMinor={amountMinor} currency={currency} />
        </strong>
        <span className="soft">
          from <AccountLink id={sourceAccountId} /> to <AccountLink id={destinationAccountId} />
        </span>
        <span className="transfers-when soft">
          requested <Time at={createdAt} />
        </span>
      </div>
      {reason === null ? undefined : (
        <p className="transfers-reason" data-tone={status === 'cancelled' ? 'neutral' : 'failed'}>
          <strong>{reason.code}</strong> at {titleOf(reason.step).toLowerCase()}
          {reason.detail === null ? '' : `: ${reason.detail}`}
        </p>
      )}
      <p className="transfers-id faint mono">
        {id} <CopyButton text={id} what="the transfer id" />
      </p>
    </section>
  )
}

const AccountLink = ({ id }: { id: string }) => (
  <Link to="/accounts/$id" params={{ id }}>
    {id}
  </Link>
)
