import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { api } from '../../api.ts'
import type { components } from '../../api-types.ts'
import { useLack } from '../../identity/principal.tsx'
import { PageHead } from '../../shell/page-head.tsx'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Empty, Read } from '../../ui/states.tsx'
import { span } from '../../ui/time.tsx'
import { RebuildDialog } from './rebuild-dialog.tsx'
import { RebuildState } from './rebuild-state.tsx'
import './read-models.css'

type Projection = components['schemas']['Projections']['data'][number]

/** What reads from it: whether a lag matters depends on it. */
const USES: Partial<Record<string, string>> = {
  'order-summary': 'the search of orders and the orders of a customer',
  sales: 'the sales report',
  'stock-levels': 'the stock report',
}

/** The read models: how far each is behind the events, and how it is built again. */
export function Page() {
  const projections = api.useQuery('get', '/operations/projections')
  return (
    <>
      <PageHead
        title="Read models"
        lead="Tables for lists and reports, built from the events. No saga reads them: while one is behind, orders continue and only what is read from it is old."
      />
      <div className="panel">
        <Read of={projections} lines={6}>
          {({ data }) =>
            data.length === 0 ? (
              <Empty title="There are no read models.">
                The projector enters them when it starts: see that it runs.
              </Empty>
            ) : (
              <ul>
                {data.map((projection) => (
                  <ReadModel key={projection.name} projection={projection} />
                ))}
              </ul>
            )
          }
        </Read>
      </div>
    </>
  )
}

/** Events are applied in batches: so short a lag is none. */
const LAG_WELL_MS = 5000

function ReadModel({ projection }: { projection: Projection }) {
  const { name, generation, lagMs, asOf, streamsSetAside, rebuild } = projection
  const [isOpen, setOpen] = useState(false)
  const isRebuilding = rebuild.state === 'wished' || rebuild.state === 'running'
  const why =
    useLack()('POST /operations/projections/{name}/rebuild') ??
    (isRebuilding ? 'A rebuild is in progress.' : undefined)
  return (
    <li className="read-model">
      <div className="read-model-name">
        <div className="row">
          <h2>{name}</h2>
          {lagMs > LAG_WELL_MS ? (
            <Badge tone="waiting" icon="clock">
              behind
            </Badge>
          ) : (
            <Badge tone="done" icon="check">
              up to date
            </Badge>
          )}
        </div>
        <p className="soft">{USES[name] ?? ''}</p>
      </div>
      <dl className="read-model-facts">
        <div title={`Every event before ${asOf} is applied.`}>
          <dt>Lag</dt>
          <dd>{span(lagMs)}</dd>
        </div>
        <div title="Streams with a dead letter: nothing newer of them is applied.">
          <dt>Set aside</dt>
          <dd>
            {streamsSetAside === 0 ? (
              'none'
            ) : (
              <Link to="/dead-letters" search={{ consumer: `${name}#${generation}` }}>
                {streamsSetAside} {streamsSetAside === 1 ? 'stream' : 'streams'}
              </Link>
            )}
          </dd>
        </div>
        <div title="Of the rows that are read: one more with each rebuild.">
          <dt>Generation</dt>
          <dd>{generation}</dd>
        </div>
      </dl>
      <RebuildState rebuild={rebuild} generation={generation} />
      <Button
        className="read-model-action"
        disabled={why !== undefined}
        title={why}
        aria-label={`Rebuild ${name}`}
        onClick={() => setOpen(true)}
      >
        Rebuild
      </Button>
      {isOpen ? (
        <RebuildDialog name={name} generation={generation} onClose={() => setOpen(false)} />
      ) : undefined}
    </li>
  )
}
