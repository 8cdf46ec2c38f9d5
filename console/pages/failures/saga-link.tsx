import { Link } from '@tanstack/react-router'
import type { SagaKind } from '../../saga/act.ts'
import { shortId } from '../../ui/id.tsx'

/** The saga that a step is of. */
export const SagaLink = ({ kind, id }: { kind: SagaKind; id: string }) => (
  <Link to={`/${kind}s/$id`} params={{ id }} title={id} className="mono">
    {shortId(id)}
  </Link>
)
