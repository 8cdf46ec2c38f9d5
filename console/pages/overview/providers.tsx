import { Link } from '@tanstack/react-router'
import type { components } from '../../api-types.ts'
import { api } from '../../api.ts'
import { Badge, type Tone } from '../../ui/badge.tsx'
import { formatCount } from '../../ui/count.ts'
import { Meter } from '../../ui/meter.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Empty, Read } from '../../ui/states.tsx'

type Provider = components['schemas']['Dependencies']['data'][number]

const TONES: Record<Provider['breaker'], Tone> = {
  closed: 'done',
  open: 'waiting',
  'half-open': 'waiting',
  unknown: 'neutral',
}

const TITLES: Record<Provider['breaker'], string> = {
  closed: 'Calls go through',
  open: 'The provider failed repeatedly: it is not called until the breaker lets a trial through',
  'half-open': 'One call is let through as a trial',
  unknown: 'No worker has reported it lately',
}

/** Breakers and bulkheads as the workers see them, with what waits on each. */
export const Providers = () => (
  <Panel title="Providers" aside={<Link to="/maintenance">Maintenance</Link>}>
    <Read of={api.useQuery('get', '/operations/dependencies')}>
      {({ data }) =>
        data.length === 0 ? (
          <Empty title="No provider is configured." />
        ) : (
          <table className="table">
            <thead>
              <tr>
                <th scope="col">Provider</th>
                <th scope="col">Breaker</th>
                <th scope="col">Bulkhead</th>
                <th scope="col" className="number">
                  Waiting
                </th>
              </tr>
            </thead>
            <tbody>
              {data.map((provider) => (
                <ProviderRow key={provider.provider} provider={provider} />
              ))}
            </tbody>
          </table>
        )
      }
    </Read>
  </Panel>
)

const ProviderRow = ({ provider: { provider, breaker, bulkhead, waiting } }: { provider: Provider }) => (
  <tr>
    <th scope="row">{provider}</th>
    <td title={TITLES[breaker]}>
      <Badge tone={TONES[breaker]}>{breaker}</Badge>
    </td>
    <td>
      <Meter value={bulkhead.inUse} max={bulkhead.limit} label={`Slots of ${provider} in use`} />
    </td>
    <td className="number">
      {waiting === 0 ? (
        <span className="faint">0</span>
      ) : (
        <Link to="/orders" search={{ status: 'waiting' }}>
          {formatCount(waiting)}
        </Link>
      )}
    </td>
  </tr>
)
