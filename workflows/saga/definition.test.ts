import { describe, expect, it } from 'vitest'
import type { Activities } from '../../activities/index.ts'
import { defineSaga, outline } from './definition.ts'

const define = defineSaga<Activities>()
const rest = {
  pivot: { at: 'order', execute: 'completeOrder' },
  retriable: [],
  journal: {
    at: 'order',
    begin: 'beginOrderCompensation',
    note: 'noteOrderProgress',
    cancel: 'cancelOrder',
    close: 'closeOrder',
  },
} as const

/** What is not a saga does not compile: `npm run check` fails when one of these lines does. Never called. */
export function doesNotCompile(): void {
  define({
    name: 'order@1',
    // @ts-expect-error a misspelt activity
    compensatable: [{ at: 'inventory', execute: 'reserveInventry', compensate: 'releaseInventory' }],
    ...rest,
  })
  define({
    name: 'order@1',
    // @ts-expect-error an activity of another participant
    compensatable: [{ at: 'inventory', execute: 'chargePayment', compensate: 'refundPayment' }],
    ...rest,
  })
  define({
    name: 'order@1',
    // @ts-expect-error a compensatable step without an undo
    compensatable: [{ at: 'inventory', execute: 'reserveInventory' }],
    ...rest,
  })
  define({
    ...rest,
    name: 'order@1',
    compensatable: [],
    // @ts-expect-error a compensatable step after the pivot
    retriable: [{ at: 'inventory', execute: 'reserveInventory', compensate: 'releaseInventory' }],
  })
  define({
    ...rest,
    name: 'order@1',
    compensatable: [],
    // @ts-expect-error a pivot that could be undone
    pivot: { at: 'order', execute: 'completeOrder', compensate: 'closeOrder' },
  })
  // @ts-expect-error a name without a version
  define({ ...rest, name: 'order', compensatable: [] })
}

describe('a definition', () => {
  it('names no activity twice', () => {
    const twice = { at: 'inventory', execute: 'reserveInventory', compensate: 'releaseInventory' } as const
    expect(() => define({ ...rest, name: 'order@1', compensatable: [twice, twice] })).toThrow(
      'names reserveInventory twice',
    )
  })

  it('can be read by a client, in the order of its steps', () => {
    const saga = define({
      ...rest,
      name: 'order@1',
      compensatable: [
        { at: 'inventory', execute: 'reserveInventory', compensate: 'releaseInventory' },
        { at: 'payment', execute: 'chargePayment', compensate: 'refundPayment' },
      ],
      retriable: [{ at: 'notification', execute: 'notifyCustomer' }],
    })
    expect(outline(saga).map(({ name, kind, compensation }) => [name, kind, compensation])).toEqual([
      ['reserveInventory', 'compensatable', 'releaseInventory'],
      ['chargePayment', 'compensatable', 'refundPayment'],
      ['completeOrder', 'pivot', null],
      ['notifyCustomer', 'retriable', null],
    ])
  })
})
