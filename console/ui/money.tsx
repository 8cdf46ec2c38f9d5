interface Format {
  format: Intl.NumberFormat
  /** How many minor units are one major unit. */
  minorUnits: number
}

/** By currency. To make one takes longer than to draw the row that it is for. */
const FORMATS = new Map<string, Format>()

function formatOf(currency: string): Format {
  const known = FORMATS.get(currency)
  if (known !== undefined) return known
  const format = new Intl.NumberFormat(undefined, { style: 'currency', currency })
  const { maximumFractionDigits = 2 } = format.resolvedOptions()
  const made = { format, minorUnits: 10 ** maximumFractionDigits }
  FORMATS.set(currency, made)
  return made
}

/** @param amountMinor in minor units, as ISO 4217 has them for the currency. */
export function formatMoney(amountMinor: number, currency: string): string {
  const { format, minorUnits } = formatOf(currency)
  return format.format(amountMinor / minorUnits)
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
