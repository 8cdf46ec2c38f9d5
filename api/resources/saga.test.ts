import { describe, expect, it } from 'vitest'
import { orderSaga } from '../../workflows/order/steps.ts'
import { outline } from '../../workflows/saga/definition.ts'
import type { StepOutline } from '../../domain/saga/step-outline.ts'
import { contractOf } from '../../workflows/saga/contract.ts'
import { snapshotOf, stepsOf, viewSteps as viewStepsOf, type SagaRecord } from './saga.ts'

/** A saga of some steps, a pivot and an optional step. */
const STEPS: readonly StepOutline[] = [
  ...['reserveInventory', 'chargePayment', 'createShipment'].map((name) => ({
    name,
    kind: 'compensatable' as const,
    at: 'anywhere',
    compensation: `undo ${name}`,
    isOptional: false,
  })),
  { name: 'completeOrder', kind: 'pivot', at: 'anywhere', compensation: null, isOptional: false },
  { name: 'notifyCustomer', kind: 'retriable', at: 'anywhere', compensation: null, isOptional: true },
]

type FenceRecord = SagaRecord['fences'][number]
type Row = Pick<SagaRecord, 'status' | 'reasonCode' | 'reasonStep'>

/** The saga's row and its fences, as a view sees them. */
const asSnapshot = (row: Row, fences: readonly FenceRecord[], definition: string = orderSaga.name) =>
  snapshotOf({
    id: 'an-order',
    definition,
    reasonDetail: null,
    version: 1,
    createdAt: new Date(0),
    updatedAt: new Date(0),
    deadlineAt: new Date(0),
    ...row,
    fences,
  })

const viewSteps = (row: Row, fences: readonly FenceRecord[]) => viewStepsOf(STEPS, asSnapshot(row, fences))

const saga = (status: string, reasonStep: string | null = null): Row => ({
  status,
  reasonCode: reasonStep === null ? null : 'STEP_FAILED',
  reasonStep,
})
const fence = (step: string, state: string, more: Partial<FenceRecord> = {}): FenceRecord => ({
  step,
  state,
  answer: state === 'done' ? {} : null,
  attempts: 1,
  parkedAt: null,
  waitingFor: null,
  skippedAt: null,
  createdAt: new Date(0),
  ...more,
})
const reserved = fence('reserveInventory', 'done')
const charge = (state: string, more?: Partial<FenceRecord>) => fence('chargePayment', state, more)

/** [state, compensation] of a step. */
const of = (step: string, ...args: Parameters<typeof viewSteps>) => {
  const found = viewSteps(...args).find(({ name }) => name === step)
  return [found?.state, found?.compensation]
}

describe('the steps of an order', () => {
  it('are all there from the start, in order', () => {
    expect(viewSteps(saga('pending'), []).map(({ state }) => state)).toEqual(STEPS.map(() => 'pending'))
  })

  it('run one after the other', () => {
    const states = viewSteps(saga('processing'), [reserved]).map(({ state }) => state)
    expect(states).toEqual(['done', 'running', 'pending', 'pending', 'pending'])
  })

  it('wait with their order, and only where they were begun', () => {
    const states = viewSteps(saga('waiting'), [reserved, charge('intended')]).map(({ state }) => state)
    expect(states).toEqual(['done', 'waiting', 'pending', 'pending', 'pending'])
  })

  it('say what they wait for, and only while they wait', () => {
    const detail = (row: Row, state: string) =>
      viewSteps(row, [reserved, charge(state, { waitingFor: 'PENDING' })])[1]?.detail
    expect(detail(saga('waiting'), 'intended')).toBe('PENDING')
    expect(detail(saga('compensating', 'createShipment'), 'undoing')).toBe('PENDING')
    expect(detail(saga('compensating', 'createShipment'), 'undone')).toBeNull()
  })

  it('show that their compensation succeeded after it was skipped', () => {
    const skippedAt = new Date()
    const isShown = (state: string) =>
      viewSteps(saga('rejected', 'createShipment'), [charge(state, { skippedAt })])[1]?.settledAfterSkip
    expect([isShown('skipped'), isShown('undone')]).toEqual([false, true])
  })

  it('are parked before the pivot and at it', () => {
    expect(
      of('completeOrder', saga('parked'), [fence('completeOrder', 'pending', { parkedAt: new Date() })]),
    ).toEqual(['parked', 'none'])
  })

  it('are parked where the order cannot turn back, or cannot be closed, whatever has become of them', () => {
    const held = [reserved, charge('refused', { parkedAt: new Date() })]
    expect(of('chargePayment', saga('parked'), held)).toEqual(['parked', 'none'])
    expect(of('chargePayment', saga('parked', 'chargePayment'), held)).toEqual(['failed', 'parked'])
    const pivot = [fence('completeOrder', 'pending', { parkedAt: new Date() })]
    expect(of('completeOrder', saga('parked', 'completeOrder'), pivot)).toEqual(['parked', 'none'])
  })

  it('fail where the order was turned back, whether they were begun or not', () => {
    expect(of('reserveInventory', saga('rejected', 'reserveInventory'), [])).toEqual(['failed', 'none'])
    expect(
      of('chargePayment', saga('rejected', 'chargePayment'), [charge('refused', { answer: {} })]),
    ).toEqual(['failed', 'none'])
    expect(of('chargePayment', saga('rejected', 'chargePayment'), [charge('undone')])).toEqual([
      'failed',
      'done',
    ])
  })

  it('stay done when they are undone', () => {
    expect(
      of('chargePayment', saga('rejected', 'createShipment'), [charge('undone', { answer: {} })]),
    ).toEqual(['done', 'done'])
  })

  it.each([
    ['done', {}, 'pending'],
    ['intended', {}, 'pending'],
    ['undoing', {}, 'running'],
    ['undoing', { waitingFor: 'BREAKER_OPEN' }, 'waiting'],
    ['done', { waitingFor: 'DATABASE_UNAVAILABLE' }, 'waiting'],
    ['undoing', { waitingFor: 'BREAKER_OPEN', parkedAt: new Date() }, 'parked'],
    ['undone', {}, 'done'],
    ['skipped', {}, 'skipped'],
    ['refused', {}, 'none'],
  ])('show a compensation of a step that is %s %j as %s', (state, more, compensation) => {
    expect(of('chargePayment', saga('compensating', 'createShipment'), [charge(state, more)])[1]).toBe(
      compensation,
    )
  })

  it('have nothing to undo while the order goes forward', () => {
    expect(of('chargePayment', saga('processing'), [charge('done')])).toEqual(['done', 'none'])
  })

  it('leave out an optional one, and let the notification run after completion', () => {
    const all = STEPS.slice(0, -1).map(({ name }) => fence(name, 'done'))
    expect(of('notifyCustomer', saga('completed'), all)).toEqual(['running', 'none'])
    expect(of('notifyCustomer', saga('completed'), [...all, fence('notifyCustomer', 'skipped')])).toEqual([
      'skipped',
      'none',
    ])
  })
})

describe('the steps of a saga', () => {
  const shorter = { ...orderSaga, name: 'order@1000', retriable: [] }
  const contract = contractOf('OrderSaga', [orderSaga, shorter])

  it('are those of the definition that its row names', () => {
    const names = (definition: string) => stepsOf(contract, { definition, steps: [] }).map(({ name }) => name)
    expect(names(orderSaga.name)).toEqual(outline(orderSaga).map(({ name }) => name))
    expect(names(shorter.name)).toEqual(outline(shorter).map(({ name }) => name))
  })

  it('are those that are recorded, as they began, when its definition is not known here', () => {
    const at = (ms: number) => ({ createdAt: new Date(ms), answer: {} })
    const fences = [
      fence('weighParcel', 'skipped', { ...at(3), answer: null }),
      fence('screenOrder', 'undone', at(1)),
      fence('chargePayment', 'undoing', { ...at(2), parkedAt: new Date() }),
    ]
    const shown = (row: Row) => {
      const snapshot = asSnapshot(row, fences, 'order@3')
      return viewStepsOf(stepsOf(contract, snapshot), snapshot)
    }
    expect(shown(saga('parked', 'createShipment'))).toMatchObject([
      { name: 'screenOrder', kind: 'unknown', state: 'done', attempts: 1, compensation: 'done' },
      { name: 'chargePayment', kind: 'unknown', state: 'done', attempts: 1, compensation: 'parked' },
      { name: 'weighParcel', kind: 'unknown', state: 'failed', attempts: 1, compensation: 'skipped' },
    ])
    expect(shown(saga('completed')).at(-1)).toMatchObject({
      state: 'skipped',
      compensation: 'none',
    })
  })
})
