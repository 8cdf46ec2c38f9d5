import { given, oneOf, textIn, type Search } from '../../shell/search.ts'

/** Which failures are shown, and which group of them is open. */
export const readFailureSearch = (search: Search) =>
  given({
    state: oneOf(search['state'], ['parked', 'rejected']),
    kind: oneOf(search['kind'], ['order', 'transfer']),
    step: textIn(search['step']),
    code: textIn(search['code']),
  })
