/** A row of bars without axes: whether it grows or shrinks. `label` says the same in words. */
export function Sparkline({ values, label }: { values: readonly number[]; label: string }) {
  const max = Math.max(1, ...values)
  return (
    <svg
      className="sparkline"
      viewBox={`0 0 ${values.length * 4} 16`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      {values.map((value, index) => {
        const height = value === 0 ? 1 : Math.max(2, (value / max) * 16)
        return (
          <rect
            key={index}
            x={index * 4}
            y={16 - height}
            width="3"
            height={height}
            data-empty={value === 0}
          />
        )
      })}
    </svg>
  )
}
