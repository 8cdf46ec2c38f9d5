/** The middle of the values, and those that so many of 100 do not exceed. */
export function percentiles(values: readonly number[]): {
  p50: number
  p95: number
  p99: number
  p999: number
  max: number
} {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), p999: at(0.999), max: sorted.at(-1) ?? 0 }
}

export const round = (value: number): number => Math.round(value)

/** A figure that was measured several times. */
export interface Spread {
  median: number
  least: number
  most: number
}

/** @throws Error when there is no value. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const [lower, upper] = [
    sorted[Math.floor((sorted.length - 1) / 2)],
    sorted[Math.ceil((sorted.length - 1) / 2)],
  ]
  const [least, most] = [sorted[0], sorted.at(-1)]
  if (lower === undefined || upper === undefined || least === undefined || most === undefined)
    throw new Error('A figure needs a measurement')
  return { median: (lower + upper) / 2, least, most }
}

/** Two digits where they say something, none of a number that is large. */
export const short = (value: number): string =>
  value >= 100
    ? value.toFixed(0)
    : value >= 10
      ? value.toFixed(1).replace(/\.0$/, '')
      : value.toFixed(2).replace(/\.?0+$/, '')

/** E.g. `1.4 (0.9–2)`. */
export const withSpread = ({ median, least, most }: Spread): string =>
  `${short(median)} (${short(least)}–${short(most)})`

/** In an order that is drawn anew. */
export const shuffled = <T>(all: readonly T[]): T[] =>
  all
    .map((one) => ({ one, at: Math.random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ one }) => one)

/** Does it `count` times, so many at once. */
export async function atOnce(
  places: number,
  count: number,
  work: (index: number) => Promise<unknown>,
): Promise<void> {
  let begun = 0
  const fill = async () => {
    while (begun < count) {
      begun += 1
      await work(begun - 1)
    }
  }
  await Promise.all(Array.from({ length: places }, fill))
}
