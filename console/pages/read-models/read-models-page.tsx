import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { api } from '../../api.ts'
import type { components } from '../../api-types.ts'
import { PageHead } from '../../shell/page-head.tsx'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Empty, Read } from '../../ui/states.tsx'
import { span } from '../../ui/time.tsx'
import { RebuildDialog } from './rebuild-dialog.tsx'
import { RebuildState } from './rebuild-state.tsx'
import './read-models.css'

type Projection = components['schemas']['Projections']['data'][number]

/** What reads from it: whoever wonders whether a lag matters needs that first. */
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
              <ProjectionTable projections={data} />
            )
          }
        </Read>
      </div>
    </>
  )
}

const ProjectionTable = ({ projections }: { projections: readonly Projection[] }) => (
  <div className="table-box" role="region" aria-label="All read models" tabIndex={0}>
    <table className="table read-models-table">
      <thead>
        <tr>
          <th scope="col">Read model</th>
          <th scope="col">State</th>
          <th scope="col" className="number">
            Lag
          </th>
          <th scope="col" className="number">
            Set aside
          </th>
          <th scope="col" className="number">
            Generation
          </th>
          <th scope="col">Last rebuild</th>
          <th scope="col">
            <span className="visually-hidden">Action</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {projections.map((projection) => (
          <ProjectionRow key={projection.name} projection={projection} />
        ))}
      </tbody>
    </table>
  </div>
)

/** Events are applied in batches: so short a lag is none. */
const LAG_WELL_MS = 5000

function ProjectionRow({ projection }: { projection: Projection }) {
  const { name, generation, lagMs, asOf, streamsSetAside, rebuild } = projection
  const [isOpen, setOpen] = useState(false)
  const isRebuilding = rebuild.state === 'wished' || rebuild.state === 'running'
  return (
    <tr>
      <th scope="row" className="read-models-name">
        <code>{name}</code>
        <span className="read-models-use">{USES[name] ?? ''}</span>
      </th>
      <td>
        {lagMs > LAG_WELL_MS ? (
          <Badge tone="waiting" icon="clock">
            behind
          </Badge>
        ) : (
          <Badge tone="done" icon="check">
            up to date
          </Badge>
        )}
      </td>
      <td className="number" title={`Every event before ${asOf} is applied.`}>
        {span(lagMs)}
      </td>
      <td className="number">
        {streamsSetAside === 0 ? (
          '0'
        ) : (
          <Link
            to="/dead-letters"
            search={{ consumer: `${name}#${generation}` }}
            title="Streams with a dead letter: nothing newer of them is applied."
          >
            {streamsSetAside} {streamsSetAside === 1 ? 'stream' : 'streams'}
          </Link>
        )}
      </td>
      <td className="number">{generation}</td>
      <td className="read-models-rebuild">
        <RebuildState rebuild={rebuild} generation={generation} />
      </td>
      <td>
        <Button
          disabled={isRebuilding}
          title={isRebuilding ? 'A rebuild is in progress.' : undefined}
          aria-label={`Rebuild ${name}`}
          onClick={() => setOpen(true)}
        >
          Rebuild
        </Button>
        {isOpen ? (
          <RebuildDialog name={name} generation={generation} onClose={() => setOpen(false)} />
        ) : undefined}
      </td>
    </tr>
  )
}
