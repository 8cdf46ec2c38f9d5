import { SelectField, TextField } from '../../ui/field.tsx'
import { OTHER, tokenOf, type Choice } from './draft.ts'
import { written, type Token } from './tokens.ts'

export interface TokenFieldProps {
  label: string
  tokens: readonly Token[]
  choice: Choice
  onChange: (choice: Choice) => void
  error: string | undefined
}

/** A token of the sandbox, what it does, and its number where it has one. */
export function TokenField({ label, tokens, choice, onChange, error }: TokenFieldProps) {
  const token = tokenOf(tokens, choice)
  const choose = (name: string) =>
    onChange({ ...choice, name, n: tokens.find(({ token: each }) => each === name)?.number?.value ?? 1 })
  return (
    <div className="new-order-token">
      <SelectField
        label={label}
        value={choice.name}
        onChange={(event) => choose(event.target.value)}
        hint={hintOf(token, choice)}
        error={error}
      >
        {tokens.map(({ token: name, what }) => (
          <option key={name} value={name}>
            {`${name.replace('<n>', 'n')} – ${what}`}
          </option>
        ))}
        <option value={OTHER}>Another token…</option>
      </SelectField>
      {token === undefined ? (
        <TextField
          label="Token"
          value={choice.other}
          onChange={(event) => onChange({ ...choice, other: event.target.value })}
          required
        />
      ) : token.number === undefined ? undefined : (
        <TextField
          label={token.number.label}
          type="number"
          min={0}
          max={token.number.max}
          value={choice.n}
          onChange={(event) => onChange({ ...choice, n: event.target.valueAsNumber || 0 })}
        />
      )}
    </div>
  )
}

const hintOf = (token: Token | undefined, { n }: Choice) =>
  token === undefined ? (
    'The sandbox refuses a token that it does not know.'
  ) : (
    <>
      <code>{written(token, n)}</code> {token.what}
    </>
  )
