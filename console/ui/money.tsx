/** @param amountMinor in minor units, as ISO 4217 has them for the currency. */
export function formatMoney(amountMinor: number, currency: string): string {
  const format = new Intl.NumberFormat(undefined, { style: 'currency', currency })
  const { maximumFractionDigits = 2 } = format.resolvedOptions()
  return format.format(amountMinor / 10 ** maximumFractionDigits)
}

export const Money = ({ amountMinor, currency }: { amountMinor: number; currency: string }) => (
  <span className="numeric">{formatMoney(amountMinor, currency)}</span>
)

/** Sums of several currencies are never added up. */
export const Amounts = ({ amounts }: { amounts: readonly { amountMinor: number; currency: string }[] }) =>
  amounts.length === 0 ? (
    <span className="faint">none</span>
  ) : (
    <span className="numeric">
      {amounts.map(({ amountMinor, currency }) => formatMoney(amountMinor, currency)).join(' + ')}
    </span>
  )
