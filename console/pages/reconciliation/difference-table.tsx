import { Link } from '@tanstack/react-router'
import type { Difference } from '../../api.ts'
import { useLack } from '../../identity/principal.tsx'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { CopyButton } from '../../ui/id.tsx'
import { Time } from '../../ui/time.tsx'
import { CLASSES, sideInWords } from './words.ts'

interface DifferenceTableProps {
  differences: readonly Difference[]
  onSettle: (difference: Difference) => void
}

/** Differences one by one: our side beside the provider's. */
export const DifferenceTable = ({ differences, onSettle }: DifferenceTableProps) => (
  <div className="table-box" role="region" aria-label="Differences found" tabIndex={0}>
    <table className="table">
      <thead>
        <tr>
          <th scope="col">Difference</th>
          <th scope="col">Ours</th>
          <th scope="col">The provider’s</th>
          <th scope="col">Key</th>
          <th scope="col">First seen</th>
          <th scope="col">
            <span className="visually-hidden">What is done about it</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {differences.map((each) => (
          <DifferenceRow key={each.id} of={each} onSettle={() => onSettle(each)} />
        ))}
      </tbody>
    </table>
  </div>
)

function DifferenceRow({ of, onSettle }: { of: Difference; onSettle: () => void }) {
  const [title, meaning] = CLASSES[of.class]
  return (
    <tr>
      <th scope="row" className="reconciliation-class">
        <Badge tone={of.state === 'open' ? 'person' : 'neutral'}>{title}</Badge>
        <span className="soft reconciliation-meaning">{meaning}</span>
      </th>
      <td>{sideInWords(of.ours)}</td>
      <td>
        {sideInWords(of.theirs)} <span className="faint">at {of.provider}</span>
      </td>
      <td className="reconciliation-key">
        <SagaLink of={of} />
        <span className="mono">{of.key}</span> <CopyButton text={of.key} what="the key" />
      </td>
      <td>
        <Time at={of.firstSeen} />
      </td>
      <td>
        <Outcome of={of} onSettle={onSettle} />
      </td>
    </tr>
  )
}

function SagaLink({ of: { sagaKind, sagaId } }: { of: Difference }) {
  if (sagaId === null || (sagaKind !== 'order' && sagaKind !== 'return')) return undefined
  return (
    <>
      <Link to={sagaKind === 'order' ? '/orders/$id' : '/returns/$id'} params={{ id: sagaId }}>
        {sagaKind === 'order' ? 'The order' : 'The return'}
      </Link>{' '}
    </>
  )
}

function Outcome({ of, onSettle }: { of: Difference; onSettle: () => void }) {
  const lack = useLack()('POST /operations/reconciliation/{id}/settle')
  if (of.state === 'open')
    return (
      <Button disabled={lack !== undefined} title={lack} onClick={onSettle}>
        Settle
      </Button>
    )
  if (of.settledAt === null) return <span className="faint">Both sides agree by now.</span>
  return (
    <>
      <Time at={of.settledAt} /> <span className="faint">by {of.settledBy}</span>
      <span className="reconciliation-meaning">{of.settledBecause ?? 'The reason was erased.'}</span>
    </>
  )
}
