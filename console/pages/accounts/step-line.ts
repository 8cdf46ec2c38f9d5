/** Amounts are drawn below the next of these times a power of ten. */
const ROUND = [1, 2, 2.5, 5, 10]

/** The smallest round number that is no less than `value`, and at least 1. */
export function roundUp(value: number): number {
  if (value <= 1) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  return Math.ceil((ROUND.find((each) => each * power >= value) ?? 10) * power)
}

/**
 * A line that keeps each value until the next, in a square of 100 by 100 whose bottom is zero and whose top is the
 * answered amount; and the area below it.
 * @param values none below zero.
 */
export function stepLine(values: readonly number[]): { line: string; area: string; top: number } {
  const top = roundUp(Math.max(0, ...values))
  const each = 100 / Math.max(1, values.length)
  const shorten = (number: number) => Number(number.toFixed(3))
  const steps = values.map(
    (value, index) => `V${shorten(100 - (value / top) * 100)}H${shorten((index + 1) * each)}`,
  )
  const first = shorten(100 - ((values[0] ?? 0) / top) * 100)
  return { line: `M0 ${first}${steps.join('')}`, area: `M0 100${steps.join('')}V100Z`, top }
}
