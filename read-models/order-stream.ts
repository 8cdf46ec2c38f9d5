/** The order whose stream it is; undefined for streams of another kind. */
export const orderIdOf = (streamId: string): string | undefined =>
  streamId.startsWith('order-') ? streamId.slice('order-'.length) : undefined

export interface OrderLine {
  sku: string
  quantity: number
  unitPriceMinor: number
}

/** What OrderPlaced carries, as far as read models need it. */
export interface OrderPlaced {
  customerId: string
  currency: string
  totalMinor: number
  lines: readonly OrderLine[]
}
