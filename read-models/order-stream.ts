/** The order whose stream it is; undefined for streams of another kind. */
export const orderIdOf = (streamId: string): string | undefined =>
  streamId.startsWith('order-') ? streamId.slice('order-'.length) : undefined
