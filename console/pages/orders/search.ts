import type { OrderStatus } from '../../api.ts'
import { given, oneOf, textIn, wholeIn, type Search } from '../../shell/search.ts'

export const STATUSES = [
  'pending',
  'processing',
  'waiting',
  'compensating',
  'parked',
  'completed',
  'rejected',
  'cancelled',
] as const satisfies readonly OrderStatus[]

/** What the list of orders is narrowed to. */
export const readOrdersSearch = (search: Search) =>
  given({
    status: oneOf(search['status'], STATUSES),
    customerId: textIn(search['customerId']),
    reasonCode: textIn(search['reasonCode']),
    step: textIn(search['step']),
    createdFrom: textIn(search['createdFrom']),
    createdTo: textIn(search['createdTo']),
    minTotalMinor: wholeIn(search['minTotalMinor']),
    maxTotalMinor: wholeIn(search['maxTotalMinor']),
  })

export type OrdersSearch = ReturnType<typeof readOrdersSearch>
