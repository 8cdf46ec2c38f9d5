import { describe, expect, it } from 'vitest'
import { fromEnvelope, toEnvelope, typeOf } from './envelope.ts'

const stored = {
  streamId: 'order-0199',
  version: 3,
  type: 'StepParked',
  schemaVersion: 2,
  data: { step: 'chargePayment', errorClass: 'TIMEOUT' },
  recordedAt: new Date('2026-11-22T10:00:00.123Z'),
}

describe('an envelope', () => {
  it('is a CloudEvent that names its stream and its place in it', () => {
    expect(toEnvelope(stored)).toMatchObject({
      specversion: '1.0',
      id: 'order-0199/3',
      source: '/ordersaga/order',
      type: 'ordersaga.StepParked',
      subject: 'order-0199',
      time: '2026-11-22T10:00:00.123Z',
    })
  })

  it('gives the event back as it was, also after a journey as JSON', () => {
    expect(fromEnvelope(JSON.parse(JSON.stringify(toEnvelope(stored))))).toEqual(stored)
  })
  it('names its type also where its shape cannot be read here', () => {
    const newer = toEnvelope({ ...stored, schemaVersion: 99 })
    expect(() => fromEnvelope(newer)).toThrow('newer release')
    expect(typeOf(newer)).toBe('StepParked')
  })
})
