import type { Order, Return } from '../../api.ts'

type Line = Order['lines'][number]

/**
 * What of an order can still be sent back. What is free cannot, and what was asked for before counts, unless that was
 * refused or has expired. The API is the judge.
 * @param digital the SKUs that were never shipped.
 */
export function returnableOf(
  lines: readonly Line[],
  returns: readonly Pick<Return, 'status' | 'lines'>[],
  digital: ReadonlySet<string>,
): Line[] {
  const gone = new Map<string, number>()
  for (const { status, lines: asked } of returns) {
    if (status === 'refused' || status === 'expired') continue
    for (const { sku, quantity } of asked) gone.set(sku, (gone.get(sku) ?? 0) + quantity)
  }
  return lines
    .map((line) => ({ ...line, quantity: line.quantity - (gone.get(line.sku) ?? 0) }))
    .filter(({ sku, quantity, unitPriceMinor }) => quantity > 0 && unitPriceMinor > 0 && !digital.has(sku))
}

/** What is chosen of it, and its worth. @param quantities by SKU; all of a line that is not named. */
export function chosenOf(lines: readonly Line[], quantities: Readonly<Record<string, number>>) {
  const chosen = lines
    .map((line) => ({ ...line, quantity: quantities[line.sku] ?? line.quantity }))
    .filter(({ quantity }) => quantity > 0)
  return {
    lines: chosen.map(({ sku, quantity }) => ({ sku, quantity })),
    amountMinor: chosen.reduce((sum, { quantity, unitPriceMinor }) => sum + quantity * unitPriceMinor, 0),
  }
}
