import { Link } from '@tanstack/react-router'
import { api } from '../../api.ts'
import { Icon } from '../../ui/icon.tsx'
import type { Ending, Proof } from './scenes.ts'

export interface ProofsProps {
  proofs: readonly Proof[]
  /** Of the orders that are drawn; there is one at least. */
  ends: readonly Ending[]
}

/** What the scene has shown, checked against the order and the ledgers; at the end, whether all is as it must be. */
export function Proofs({ proofs, ends: [first, second] }: ProofsProps) {
  const invariants = api.useQuery(
    'get',
    '/operations/invariants',
    {},
    { staleTime: 0, refetchInterval: false },
  )
  const checks = invariants.data?.checks ?? []
  const broken = checks.filter(({ ok }) => !ok)
  return (
    <section className="scene-proofs" aria-label="What came of it">
      <ul>
        {proofs.map(({ text, holds }) => (
          <ProofLine
            key={text}
            isTrue={first !== undefined && holds(first.order, first.ledger, second)}
            text={text}
          />
        ))}
        {invariants.data === undefined || invariants.isFetching ? (
          <li className="faint">Checking what must hold over all orders …</li>
        ) : (
          <ProofLine
            isTrue={invariants.data.ok}
            text={
              invariants.data.ok
                ? `All ${checks.length} invariants hold over all orders: money, stock, shipments, points`
                : `Broken: ${broken.map(({ name }) => name).join(', ')}`
            }
          />
        )}
      </ul>
      <Link to="/invariants">What the invariants check</Link>
    </section>
  )
}

const ProofLine = ({ isTrue, text }: { isTrue: boolean; text: string }) => (
  <li data-tone={isTrue ? 'done' : 'failed'}>
    <Icon name={isTrue ? 'check' : 'cross'} />
    {text}
    <span className="visually-hidden">{isTrue ? ': holds' : ': does not hold'}</span>
  </li>
)
