export interface ChoiceProps<Value extends string> {
  label: string
  value: Value
  options: readonly (readonly [Value, string])[]
  onChange: (value: Value) => void
}

/** One of a few, all in sight. */
export const Choice = <Value extends string>({ label, value, options, onChange }: ChoiceProps<Value>) => (
  <div className="choice" role="group" aria-label={label}>
    {options.map(([each, word]) => (
      <button key={each} type="button" aria-pressed={each === value} onClick={() => onChange(each)}>
        {word}
      </button>
    ))}
  </div>
)
