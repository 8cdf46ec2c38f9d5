import { Link } from '@tanstack/react-router'
import { shortId } from '../../ui/id.tsx'

/** The saga that a step is of. */
export const SagaLink = ({ kind, id }: { kind: 'order' | 'transfer'; id: string }) => (
  <Link to={kind === 'order' ? '/orders/$id' : '/transfers/$id'} params={{ id }} title={id} className="mono">
    {shortId(id)}
  </Link>
)
