import { expect, it } from 'vitest'
import { overtakes } from './harness/order-times.ts'

const order = (placedAt: number, startedAt: number) => ({ placedAt, startedAt })

it.each([
  ['none in the order of their placing', [order(0, 10), order(3000, 3010), order(6000, 6010)], 0],
  ['none by one that was placed within the tolerance', [order(0, 5000), order(2000, 2010)], 0],
  [
    'each that was started before one placed long before',
    [order(0, 9000), order(2001, 2010), order(5000, 5010)],
    2,
  ],
  ['none by one that was started after it', [order(0, 9000), order(5000, 9001)], 0],
  ['each, in whatever order they are listed', [order(5000, 5010), order(0, 9000)], 1],
])('overtakes are counted: %s', (_title, orders, count) => {
  expect(overtakes(orders, 2000)).toBe(count)
})
