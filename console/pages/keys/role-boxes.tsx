import { ROLES, type Role } from '../../identity/access.ts'

/** What each role is for, in a few words. */
const WORDS: Record<Role, string> = {
  customer: 'places and sees its own orders',
  viewer: 'reads everything',
  operator: 'and retries, cancels, reprocesses, maintains',
  treasurer: 'and gives up steps, discards, moves money',
  admin: 'and makes keys, breaks things on purpose',
}

interface RoleBoxesProps {
  chosen: readonly Role[]
  onChange: (roles: readonly Role[]) => void
}

export const RoleBoxes = ({ chosen, onChange }: RoleBoxesProps) => (
  <fieldset className="keys-roles">
    <legend>Roles</legend>
    {ROLES.map((role) => (
      <label key={role}>
        <input
          type="checkbox"
          checked={chosen.includes(role)}
          onChange={({ target }) =>
            onChange(target.checked ? [...chosen, role] : chosen.filter((each) => each !== role))
          }
        />
        <span>
          <strong>{role}</strong> <span className="soft">{WORDS[role]}</span>
        </span>
      </label>
    ))}
  </fieldset>
)
