/** Money as requests, providers' answers and records have it. */
export const isSameMoney = (
  { amountMinor, currency }: { amountMinor: number; currency: string },
  other: Readonly<Record<string, unknown>>,
): boolean => amountMinor === other['amountMinor'] && currency === other['currency']
