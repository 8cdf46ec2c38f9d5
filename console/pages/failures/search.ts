import { given, oneOf, textIn, wholeIn, type Search } from '../../shell/search.ts'

/** Which failures are shown, of how many hours, and which group of them is open. */
export const readFailureSearch = (search: Search) =>
  given({
    state: oneOf(search['state'], ['parked', 'rejected']),
    kind: oneOf(search['kind'], ['order', 'return', 'transfer']),
    step: textIn(search['step']),
    code: textIn(search['code']),
    hours: wholeIn(search['hours'], 1),
  })

export type FailureSearch = ReturnType<typeof readFailureSearch>

const HOURS_DEFAULT = 24
const HOURS_MAX = 168

export const hoursOf = ({ hours = HOURS_DEFAULT }: FailureSearch): number => Math.min(hours, HOURS_MAX)
