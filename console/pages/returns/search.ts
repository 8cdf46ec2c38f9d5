import type { Return } from '../../api.ts'
import { given, oneOf, type Search } from '../../shell/search.ts'

/** Each filter and its word, what waits for a person first. */
export const FILTERS = [
  ['requested', 'To decide'],
  ['approved', 'Approved'],
  ['received', 'Received'],
  ['refunded', 'Refunded'],
  ['refused', 'Refused'],
  ['expired', 'Expired'],
  ['all', 'All'],
] as const satisfies readonly (readonly [Return['status'] | 'all', string])[]

export type Filter = (typeof FILTERS)[number][0]

/** Which returns are shown: without a status, those that wait for a decision. */
export const readReturnSearch = ({ status }: Search) =>
  given({
    status: oneOf(
      status,
      FILTERS.map(([filter]) => filter),
    ),
  })
