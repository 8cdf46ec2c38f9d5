/** Below this, in milliseconds, the length of a pause is shown as it is; above it, by its logarithm. */
const SOFT_MS = 20

const lengthOf = (gapMs: number) => Math.log1p(gapMs / SOFT_MS)

export interface Scale {
  /** From 0 to 1. @param at milliseconds since the epoch. */
  place: (at: number) => number
  /** The pauses that are worth a word: where they lie, and how long they are. */
  pauses: { from: number; to: number; ms: number }[]
}

/**
 * The scale of a timeline on which an order of 150 ms and one that was parked for a day can both be read: the pauses
 * between its moments are drawn by the logarithm of their length.
 * @param moments milliseconds since the epoch, in any order.
 */
export function scaleOf(moments: readonly number[]): Scale {
  const sorted = [...new Set(moments)].sort((a, b) => a - b)
  const [first = 0] = sorted
  const offsets = [0]
  for (const [index, at] of sorted.slice(1).entries())
    offsets.push((offsets[index] ?? 0) + lengthOf(at - (sorted[index] ?? at)))
  const whole = offsets.at(-1) || 1
  const place = (at: number) => {
    const next = sorted.findIndex((moment) => moment >= at)
    if (next === -1) return 1
    if (next === 0) return 0
    const [before = first, after = at] = [sorted[next - 1], sorted[next]]
    const [low = 0, high = 0] = [offsets[next - 1], offsets[next]]
    return (low + ((high - low) * (at - before)) / (after - before)) / whole
  }
  const pauses = sorted.slice(1).flatMap((to, index) => {
    const from = sorted[index] ?? to
    const isWide = lengthOf(to - from) / whole > 0.12
    return isWide ? [{ from, to, ms: to - from }] : []
  })
  return { place, pauses }
}
