import type { operations } from '../../api-types.ts'
import type { OrderStatus } from '../../api.ts'
import { given, oneOf, textIn, wholeIn, type Search } from '../../shell/search.ts'

export type OrdersQuery = NonNullable<operations['getOrders']['parameters']['query']>

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

export const REASON_CODES = [
  'OUT_OF_STOCK',
  'PAYMENT_DECLINED',
  'INSUFFICIENT_FUNDS',
  'PAYMENT_METHOD_UNKNOWN',
  'PROVIDER_MISMATCH',
  'SHIPMENT_REFUSED',
  'STEP_FAILED',
  'DEADLINE_EXCEEDED',
  'CANCELLED_BY_CUSTOMER',
] as const satisfies readonly NonNullable<OrdersQuery['reasonCode']>[]

/** What the list of orders is narrowed to, and where its page begins. */
export const readOrdersSearch = (search: Search) =>
  given({
    status: oneOf(search['status'], STATUSES),
    customerId: textIn(search['customerId']),
    // Which codes and steps there are is for the API to say: it refuses one that is none.
    reasonCode: textIn(search['reasonCode']),
    step: textIn(search['step']),
    createdFrom: textIn(search['createdFrom']),
    createdTo: textIn(search['createdTo']),
    minTotalMinor: wholeIn(search['minTotalMinor']),
    maxTotalMinor: wholeIn(search['maxTotalMinor']),
    cursor: textIn(search['cursor']),
  })

export type OrdersSearch = ReturnType<typeof readOrdersSearch>
