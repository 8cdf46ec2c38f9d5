/** Amounts are integers in minor units (cents). The database keeps them as bigint, everything else as number. */

/** @throws RangeError when the amount is not exactly representable. */
export function toMinor(amount: bigint | number): number {
  const minor = Number(amount)
  if (!Number.isSafeInteger(minor)) throw new RangeError(`${amount} is not a safe number of minor units`)
  return minor
}
