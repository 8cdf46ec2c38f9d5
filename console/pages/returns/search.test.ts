import { expect, test } from 'vitest'
import { readReturnSearch } from './search.ts'

test.each([
  [{ status: 'expired' }, { status: 'expired' }],
  [{ status: 'all' }, { status: 'all' }],
  [{ status: 'completed' }, {}],
  [{}, {}],
])('of %j, %j is asked for', (search, asked) => {
  expect(readReturnSearch(search)).toEqual(asked)
})
