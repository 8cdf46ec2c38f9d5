import type { Difference } from '../../api.ts'
import { given, oneOf, type Search } from '../../shell/search.ts'

/** Each filter and its word, what waits for a person first. */
export const FILTERS = [
  ['open', 'Open'],
  ['settled', 'Settled'],
  ['gone', 'Gone'],
] as const satisfies readonly (readonly [Difference['state'], string])[]

/** Which differences are shown: without a state, the open ones. */
export const readReconciliationSearch = ({ state }: Search) =>
  given({
    state: oneOf(
      state,
      FILTERS.map(([filter]) => filter),
    ),
  })
