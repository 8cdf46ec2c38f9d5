import type { components } from '../../api-types.ts'
import { useLack } from '../../identity/principal.tsx'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Time, useNow } from '../../ui/time.tsx'

export type Key = components['schemas']['Key']

interface KeyTableProps {
  keys: readonly Key[]
  onRevoke: (key: Key) => void
}

export const KeyTable = ({ keys, onRevoke }: KeyTableProps) => (
  <div className="table-box" role="region" aria-label="Keys" tabIndex={0}>
    <table className="table keys-table">
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">State</th>
          <th scope="col">Roles</th>
          <th scope="col">Made</th>
          <th scope="col">Expires</th>
          <th scope="col">Last used</th>
          <th scope="col">
            <span className="visually-hidden">Action</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {keys.map((key) => (
          <KeyRow key={key.id} of={key} onRevoke={() => onRevoke(key)} />
        ))}
      </tbody>
    </table>
  </div>
)

function KeyRow({ of, onRevoke }: { of: Key; onRevoke: () => void }) {
  const { id, name, roles, customerId, createdAt, expiresAt, revokedAt, lastUsedAt } = of
  const why = useLack()('DELETE /keys/{id}') ?? (revokedAt === null ? undefined : 'It is revoked for good.')
  return (
    <tr>
      <td className="keys-name">
        <strong>{name}</strong>
        <span className="faint mono">{id}</span>
      </td>
      <td>
        <State of={of} />
      </td>
      <td>
        {roles.join(', ')}
        {customerId === null ? undefined : <span className="soft"> · {customerId}</span>}
      </td>
      <td>
        <Time at={createdAt} />
      </td>
      <td>{expiresAt === null ? <span className="faint">never</span> : <Time at={expiresAt} />}</td>
      <td>{lastUsedAt === null ? <span className="faint">never</span> : <Time at={lastUsedAt} />}</td>
      <td className="number">
        <Button
          look="danger"
          disabled={why !== undefined}
          title={why}
          aria-label={`Revoke key ${id} of ${name}`}
          onClick={onRevoke}
        >
          Revoke
        </Button>
      </td>
    </tr>
  )
}

function State({ of: { revokedAt, expiresAt } }: { of: Key }) {
  const now = useNow()
  if (revokedAt !== null) return <Badge tone="neutral">revoked</Badge>
  if (expiresAt !== null && Date.parse(expiresAt) <= now) return <Badge tone="neutral">expired</Badge>
  return <Badge tone="done">valid</Badge>
}
