import { useId, type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes } from 'react'

interface Common {
  label: string
  /** What to write, in a few words. */
  hint?: ReactNode
  /** What is wrong with it. */
  error?: string | undefined
}

export function TextField({ label, hint, error, ...input }: Common & InputHTMLAttributes<HTMLInputElement>) {
  const id = useId()
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        className="input"
        autoComplete="off"
        spellCheck={false}
        aria-invalid={error !== undefined}
        aria-describedby={`${id}-hint`}
        {...input}
      />
      <FieldNotes id={`${id}-hint`} hint={hint} error={error} />
    </div>
  )
}

export function SelectField({
  label,
  hint,
  error,
  children,
  ...select
}: Common & SelectHTMLAttributes<HTMLSelectElement>) {
  const id = useId()
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        className="input"
        aria-invalid={error !== undefined}
        aria-describedby={`${id}-hint`}
        {...select}
      >
        {children}
      </select>
      <FieldNotes id={`${id}-hint`} hint={hint} error={error} />
    </div>
  )
}

const FieldNotes = ({ id, hint, error }: Pick<Common, 'hint' | 'error'> & { id: string }) => (
  <p id={id} className={error === undefined ? 'field-hint' : 'field-error'}>
    {error ?? hint}
  </p>
)
