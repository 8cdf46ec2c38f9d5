import { expect, it } from 'vitest'
import { createFresh } from './fresh.ts'

it('new sagas are remembered, oldest first, for as long as they are claimed for this process', () => {
  let now = 0
  const fresh = createFresh(() => now)
  fresh.add('first')
  now = 500
  fresh.add('second')
  fresh.add('third')
  fresh.forget('second')
  expect(fresh.ids()).toEqual(['first', 'third'])
  now = 900
  expect(fresh.ids()).toEqual(['third'])
  now = 1400
  expect(fresh.ids()).toEqual([])
})
