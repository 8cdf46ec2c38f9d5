/** How much of a limit is in use, as a bar and in figures. */
export const Meter = ({ value, max, label }: { value: number; max: number; label: string }) => (
  <span className="meter">
    <span
      className="meter-bar"
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={max}
      aria-valuenow={value}
      data-tone={max > 0 && value >= max ? 'waiting' : 'active'}
    >
      <span style={{ width: `${max === 0 ? 0 : Math.min(100, (value / max) * 100)}%` }} />
    </span>
    <span className="numeric">
      {value} of {max}
    </span>
  </span>
)
