/** The statuses of a return, in the order of its life. */
export const RETURN_STATUSES = [
  'requested',
  'approved',
  'received',
  'refunded',
  'refused',
  'expired',
] as const

export type ReturnStatus = (typeof RETURN_STATUSES)[number]
