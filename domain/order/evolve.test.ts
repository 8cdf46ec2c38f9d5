import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canMove, isTerminal, SAGA_STATUSES } from '../saga/status.ts'
import { asOrderEvent, DONE_BY, UNDONE_BY, type OrderEvent } from './events.ts'
import { evolve, NOTHING, type OrderState } from './evolve.ts'

const PLACED: OrderEvent = {
  type: 'OrderPlaced',
  data: {
    customerId: 'cus_alice',
    currency: 'EUR',
    totalMinor: 1590,
    lines: [{ sku: 'TEA-001', quantity: 2, unitPriceMinor: 795 }],
    shippingService: 'standard',
    deadlineAt: '2026-11-26T12:30:00.000Z',
  },
}
const LINES = { lines: [{ sku: 'TEA-001', quantity: 2 }] }
const PAID = { key: 'k', providerRef: 'ch_1', amountMinor: 1590, currency: 'EUR' }
const RESERVED: OrderEvent = { type: 'InventoryReserved', data: LINES }
const CHARGED: OrderEvent = { type: 'PaymentCharged', data: PAID }
const TURNED: OrderEvent = {
  type: 'CompensationBegun',
  data: { code: 'SHIPMENT_REFUSED', step: 'createShipment', undo: ['reserveInventory', 'chargePayment'] },
}
const parked = (step: string): OrderEvent => ({ type: 'StepParked', data: { step, errorClass: 'TIMEOUT' } })

const fold = (...events: readonly { type: string; data: unknown }[]): OrderState =>
  events.reduce(evolve, NOTHING)
const statesOf = ({ steps }: OrderState) => steps.map(({ step, state }) => `${step} ${state}`)

describe('an order, as its events have it,', () => {
  it('goes forward with each step that is done', () => {
    const state = fold(PLACED, RESERVED, CHARGED)
    expect(state).toMatchObject({ version: 3, status: 'processing', reason: null })
    expect(statesOf(state)).toEqual(['reserveInventory done', 'chargePayment done'])
  })

  it('waits at a step that was begun', () => {
    const state = fold(PLACED, RESERVED, { type: 'WaitingBegun', data: { step: 'chargePayment' } })
    expect(state.status).toBe('waiting')
    expect(statesOf(state)).toEqual(['reserveInventory done', 'chargePayment intended'])
    expect(evolve(state, CHARGED).status).toBe('processing')
  })

  it('owes an undo to what was begun, also where no event had named it before', () => {
    const begun: OrderEvent = {
      type: 'CompensationBegun',
      data: { code: 'STEP_FAILED', step: 'chargePayment', undo: ['reserveInventory', 'chargePayment'] },
    }
    expect(statesOf(fold(PLACED, RESERVED, begun))).toEqual([
      'reserveInventory done',
      'chargePayment intended',
    ])
  })

  it('has a step refused whose key was made final before the order turned back', () => {
    const voided: OrderEvent = { type: 'PaymentVoided', data: { ...PAID, amountMinor: 1 } }
    const refused = fold(PLACED, RESERVED, voided)
    expect([refused.status, statesOf(refused)]).toEqual([
      'processing',
      ['reserveInventory done', 'chargePayment refused'],
    ])
    const turned = { code: 'PROVIDER_MISMATCH', step: 'chargePayment', undo: ['reserveInventory'] }
    expect(statesOf(evolve(refused, { type: 'CompensationBegun', data: turned }))).toEqual(statesOf(refused))
  })

  it('stays done where it is undone', () => {
    const state = fold(PLACED, RESERVED, CHARGED, TURNED, { type: 'PaymentRefunded', data: PAID })
    expect(state).toMatchObject({ status: 'compensating', reason: { code: 'SHIPMENT_REFUSED' } })
    expect(state.steps[1]).toEqual({
      step: 'chargePayment',
      state: 'undone',
      wasDone: true,
      wasSkipped: false,
      isParked: false,
      waitingFor: null,
    })
  })

  it('knows what a step and a compensation wait for, until they are settled', () => {
    const waiting = fold(PLACED, RESERVED, {
      type: 'WaitingBegun',
      data: { step: 'chargePayment', waitingFor: 'PENDING' },
    })
    expect(waiting.steps[1]).toMatchObject({ waitingFor: 'PENDING' })
    expect(evolve(waiting, CHARGED).steps[1]).toMatchObject({ waitingFor: null })
    const delayed = fold(PLACED, RESERVED, CHARGED, TURNED, {
      type: 'CompensationDelayed',
      data: { step: 'chargePayment', waitingFor: 'RATE_LIMITED' },
    })
    expect(delayed).toMatchObject({ status: 'compensating', steps: [{}, { waitingFor: 'RATE_LIMITED' }] })
    expect(evolve(delayed, { type: 'PaymentRefunded', data: PAID }).steps[1]).toMatchObject({
      waitingFor: null,
    })
  })

  it('is compensating again when the last of its parked steps is settled', () => {
    const both = fold(PLACED, RESERVED, CHARGED, TURNED, parked('chargePayment'), parked('reserveInventory'))
    expect(both.status).toBe('parked')
    const one = evolve(both, { type: 'PaymentRefunded', data: PAID })
    expect(one.status).toBe('parked')
    expect(evolve(one, { type: 'InventoryReleased', data: LINES }).status).toBe('compensating')
  })

  it('remembers that a step was given up when its undo succeeds after all', () => {
    const skipped: OrderEvent = {
      type: 'CompensationSkipped',
      data: { step: 'chargePayment', errorClass: 'TIMEOUT', by: 'operator' },
    }
    const state = fold(PLACED, CHARGED, TURNED, parked('chargePayment'), skipped)
    expect(state.steps[0]).toMatchObject({ state: 'skipped', wasDone: true, wasSkipped: true })
    expect(evolve(state, { type: 'PaymentRefunded', data: PAID }).steps[0]).toMatchObject({
      state: 'undone',
      wasSkipped: true,
    })
  })

  it('is held up at the step that it turns back for, whatever has become of that', () => {
    const refused: OrderEvent = { type: 'PaymentVoided', data: { ...PAID, amountMinor: 1 } }
    const held = fold(PLACED, RESERVED, refused, parked('chargePayment'))
    expect([held.status, held.steps[1]?.state, held.steps[1]?.isParked]).toEqual(['parked', 'refused', true])
    const code = 'PROVIDER_MISMATCH'
    const turned = { code, step: 'chargePayment', undo: ['reserveInventory'] }
    const back = [
      { type: 'CompensationBegun', data: turned },
      { type: 'InventoryReleased', data: LINES },
    ]
    const compensating = back.reduce(evolve, held)
    expect(compensating).toMatchObject({ status: 'compensating', steps: [{}, { isParked: false }] })
    const closing = evolve(compensating, parked('chargePayment'))
    expect([closing.status, closing.steps[1]?.state]).toEqual(['parked', 'refused'])
    const closed = evolve(closing, { type: 'OrderRejected', data: { code, step: 'chargePayment' } })
    expect(closed).toEqual({ ...compensating, version: 8, status: 'rejected' })
  })

  it('forgets, once it has ended, a step that it was only held up at', () => {
    const late = { code: 'DEADLINE_EXCEEDED', step: 'chargePayment' }
    const turned: OrderEvent = { type: 'CompensationBegun', data: { ...late, undo: ['reserveInventory'] } }
    const closing = fold(
      PLACED,
      RESERVED,
      turned,
      { type: 'InventoryReleased', data: LINES },
      parked('chargePayment'),
    )
    const ended = evolve(closing, { type: 'OrderRejected', data: late })
    expect(statesOf(ended)).toEqual(['reserveInventory undone'])
  })

  it('stays completed while a step after the pivot is parked', () => {
    const state = fold(PLACED, RESERVED, { type: 'OrderCompleted', data: LINES }, parked('notifyCustomer'))
    expect(state.status).toBe('completed')
  })

  it('is not folded over a type of event that a newer release has added', () => {
    const engraved = { type: 'GiftEngraved', data: {} }
    for (const fold of [() => asOrderEvent(engraved), () => evolve(NOTHING, engraved)])
      expect(fold).toThrow(expect.objectContaining({ code: 'NEWER_EVENT' }) as Error)
  })

  it('moves, with the event of any step, only as the rules allow', () => {
    const types = [...DONE_BY.keys(), ...UNDONE_BY.keys()].filter((type) => type !== 'OrderCompleted')
    const states = fc.record({
      status: fc.constantFrom(...SAGA_STATUSES.filter((status) => !isTerminal(status))),
      hasReason: fc.boolean(),
    })
    fc.assert(
      fc.property(states, fc.constantFrom(...types), ({ status, hasReason }, type) => {
        const reason = hasReason || status === 'compensating' ? { code: 'X', step: 'x' } : null
        const { status: next } = evolve({ ...NOTHING, status, reason }, { type, data: {} })
        return next === status || canMove(status, next, reason !== null)
      }),
    )
  })
})

describe('the events of the steps', () => {
  it('are no other step’s', () => {
    const types = [...DONE_BY.keys(), ...UNDONE_BY.keys()]
    expect(new Set(types).size).toBe(types.length)
  })

  it('are known to the compiler', () => {
    const name = (event: OrderEvent): string => {
      switch (event.type) {
        case 'PaymentCharged':
          return event.data.currency
        // @ts-expect-error: there is no such event
        case 'PaymentChargd':
        default:
          return event.type
      }
    }
    // @ts-expect-error: a charge has no tracking number
    const wrong: OrderEvent = { type: 'PaymentCharged', data: { trackingNumber: 'x' } }
    expect([name(CHARGED), wrong.type]).toEqual(['EUR', 'PaymentCharged'])
  })
})
