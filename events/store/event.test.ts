import { describe, expect, it } from 'vitest'
import { toEvent, toShownEvent, type StoredEvent } from './event.ts'

const event = (type: string, schemaVersion: number, data: object): StoredEvent => ({
  streamId: 'order-1',
  version: 3,
  type,
  schemaVersion,
  data,
  recordedAt: new Date(0),
})

describe('an event of an old shape', () => {
  it('is read in the shape of today', () => {
    const old = event('StepParked', 1, { step: 'chargePayment', error: 'TIMEOUT' })
    expect(toEvent(old)).toEqual(event('StepParked', 2, { step: 'chargePayment', errorClass: 'TIMEOUT' }))
  })

  it('says what it did not say then', () => {
    const data = { step: 'notifyCustomer', error: 'TIMEOUT' }
    expect(toEvent(event('StepSkipped', 1, data)).data).toMatchObject({ by: 'unknown' })
    expect(toEvent(event('CompensationSkipped', 1, data)).data).toMatchObject({ by: 'operator' })
  })

  it('is itself not changed', () => {
    const old = event('StepParked', 1, { step: 'chargePayment', error: 'TIMEOUT' })
    toEvent(old)
    expect(old).toEqual(event('StepParked', 1, { step: 'chargePayment', error: 'TIMEOUT' }))
  })
})

describe('an event of today’s shape', () => {
  it.each([
    event('StepParked', 2, { step: 'chargePayment', errorClass: 'TIMEOUT' }),
    event('OrderPlaced', 1, { totalMinor: 1590 }),
    event('constructor', 1, {}),
  ])('is left as it is', (today) => expect(toEvent(today)).toEqual(today))
})

describe('an event of a shape that is newer than this process', () => {
  it.each([event('StepParked', 3, { step: 'chargePayment' }), event('WaitingBegun', 2, { steps: [] })])(
    'is refused, with what to do about it: $type $schemaVersion',
    (newer) => {
      expect(() => toEvent(newer)).toThrow(
        `Shape ${newer.schemaVersion} of ${newer.type} is of a newer release than this process: deploy that release.`,
      )
      expect(() => toEvent(newer)).toThrow(expect.objectContaining({ code: 'NEWER_EVENT' }) as Error)
    },
  )

  it('is shown as it was recorded, and an old one as ever in today’s shape', () => {
    const newer = event('WaitingBegun', 2, { steps: [] })
    expect(toShownEvent(newer)).toEqual(newer)
    const old = event('StepParked', 1, { step: 'chargePayment', error: 'TIMEOUT' })
    expect(toShownEvent(old)).toEqual(toEvent(old))
  })
})
