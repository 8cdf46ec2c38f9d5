import { api } from '../../api.ts'
import type { components } from '../../api-types.ts'
import { Badge, type Tone } from '../../ui/badge.tsx'
import { Choice } from '../../ui/choice.tsx'
import type { Maintenance } from './changes.ts'

type Dependency = components['schemas']['Dependencies']['data'][number]
type Breakers = Maintenance['breakers']

const TONES: Record<Dependency['breaker'], Tone> = {
  closed: 'done',
  'half-open': 'waiting',
  open: 'failed',
  unknown: 'neutral',
}

interface ProviderRowsProps {
  now: Breakers
  next: Breakers
  onChange: (breakers: Partial<Breakers>) => void
}

/** Each provider: what its breaker does by itself, what waits for it, and whether operators hold it open. */
export function ProviderRows({ now, next, onChange }: ProviderRowsProps) {
  const { data } = api.useQuery('get', '/operations/dependencies')
  return (Object.keys(now) as (keyof Breakers)[]).map((provider) => (
    <div key={provider} className="maintenance-row" data-changed={now[provider] !== next[provider]}>
      <h3>Calls to {provider}</h3>
      <ProviderState state={data?.data.find((each) => each.provider === provider)} />
      <Choice
        label={`Breaker of ${provider}`}
        value={next[provider]}
        options={[
          ['auto', 'Automatic'],
          ['open', 'Held open'],
        ]}
        onChange={(state) => onChange({ [provider]: state })}
      />
    </div>
  ))
}

const ProviderState = ({ state }: { state: Dependency | undefined }) =>
  state === undefined ? (
    <span className="faint">state not known</span>
  ) : (
    <span className="row soft numeric">
      <Badge tone={TONES[state.breaker]}>{`breaker ${state.breaker}`}</Badge>
      <span>
        {state.bulkhead.inUse} of {state.bulkhead.limit} in use, {state.waiting} waiting
      </span>
    </span>
  )
