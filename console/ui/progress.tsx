/** How far something is. `label` says the same in words. */
export const Progress = ({ value, max, label }: { value: number; max: number; label: string }) => (
  <progress className="progress" value={value} max={Math.max(1, max)} aria-label={label} />
)
