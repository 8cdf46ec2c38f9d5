/** The middle of the values, and those that 95 and 99 of 100 do not exceed. */
export function percentiles(values: readonly number[]): {
  p50: number
  p95: number
  p99: number
  max: number
} {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: sorted.at(-1) ?? 0 }
}

export const round = (value: number): number => Math.round(value)
