import { given, oneOf, textIn, type Search } from '../../shell/search.ts'

/** Which dead letters are shown: without a state those that hold a stream up. */
export const readDeadLetterSearch = (search: Search) =>
  given({
    state: oneOf(search['state'], ['retrying', 'parked', 'behind', 'discarded']),
    consumer: textIn(search['consumer']),
    cause: textIn(search['cause']),
    streamId: textIn(search['streamId']),
  })

export type DeadLetterSearch = ReturnType<typeof readDeadLetterSearch>
