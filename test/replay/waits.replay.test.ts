import pino from 'pino'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { replayHistory } from '../../workers/replay-history.ts'
import { installRuntime } from '../../workers/runtime.ts'
import type { SagaInput } from '../../workflows/saga/contract.ts'
import { BEGAN_AT, begun, buildHistory, closed, DONE } from './history-builder.ts'

/**
 * Histories written by hand whose course depends on how long and how often something is tried. They hold the constants
 * of `workflows/saga` to their values: a change of one would strand the workflows that are open when it is deployed.
 */

beforeAll(() => installRuntime(pino({ level: 'silent' })))

type History = ReturnType<typeof buildHistory>

const expectToReplay = (history: unknown) =>
  expect(replayHistory({ codePath: inject('servers').bundle }, history)).resolves.toBeUndefined()

const fault = { type: 'PROVIDER_ERROR' }
const away = { kind: 'unavailable', why: 'BREAKER_OPEN', spent: 0 }
const databaseAway = { kind: 'unavailable', why: 'DATABASE_UNAVAILABLE', spent: 0 }
const spending = { kind: 'unavailable', why: 'PROVIDER_ERROR', retryAfterMs: 1000, spent: 1 }
const paused = { kind: 'unavailable', why: 'PAUSED', spent: 0 }

/** The waits in seconds that come to two minutes, for a provider that is away, undecided, or says when to come back. */
const AWAY_S = [1, 2, 4, 8, 16, 32, 60]
const PENDING_S = [1, 2, 4, 8, ...Array<number>(11).fill(10)]
const HINTED_S = [1, 2, 4, 8, ...Array<number>(14).fill(8)]

/** An order that was refused by the carrier, when it turns back. */
const turnedBack = () =>
  buildHistory()
    .workflowTask()
    .local('reserveInventory', { result: DONE })
    .local('chargePayment', { result: DONE })
    .local('createShipment', { result: { kind: 'refused', code: 'SHIPMENT_REFUSED' } })
    .local('beginOrderCompensation', {
      result: begun(['reserveInventory', 'chargePayment'], 'SHIPMENT_REFUSED', 'createShipment'),
    })

const rejected = (history: History) =>
  history
    .local('closeOrder', { result: closed('rejected') })
    .ended({ status: 'rejected', reason: { code: 'SHIPMENT_REFUSED', step: 'createShipment' } })

/** An order that was charged, when it comes to its pivot. */
const charged = (input: Partial<SagaInput> = {}) =>
  buildHistory(input)
    .workflowTask()
    .local('reserveInventory', { result: DONE })
    .local('chargePayment', { result: DONE })
    .local('createShipment', { result: DONE })
    .local('awardPoints', { result: DONE })

/** The note was tried locally and on its queue, and our database could take it neither time. */
const noteLost = (history: History) =>
  history
    .local('noteOrderProgress', { result: databaseAway })
    .asked('noteOrderProgress', 'order', databaseAway)

describe('a history written by hand', () => {
  it.each([
    ['finds its provider away', away, AWAY_S],
    ['finds its provider undecided', { ...away, why: 'PENDING' }, PENDING_S],
    ['is asked to come back after a second', { ...away, retryAfterMs: 1000 }, HINTED_S],
  ])(
    'of an undo that %s for two minutes: it is parked then, and the next one begins',
    async (_, answer, seconds) => {
      const history = turnedBack()
        .local('refundPayment', { result: answer })
        .local('noteOrderProgress', { result: DONE })
      for (const s of seconds) history.waited(s * 1000).asked('refundPayment', 'payment', answer)
      history.local('noteOrderProgress', { result: DONE })
      const timer = history.timerStarted(60_000)
      history.local('releaseInventory', { result: DONE }).later(75_000).timerFired(timer).workflowTask()
      await expectToReplay(rejected(history.asked('refundPayment', 'payment', DONE)))
    },
  )

  it('of an order that waits until a minute before its deadline: it asks once more before it turns back', async () => {
    const deadlineMs = 300_000
    const history = buildHistory({ deadlineAt: BEGAN_AT + deadlineMs })
      .workflowTask()
      .local('reserveInventory', { result: DONE })
      .local('chargePayment', { result: away })
      .local('noteOrderProgress', { result: DONE })
    for (const s of AWAY_S) history.waited(s * 1000).asked('chargePayment', 'payment', away)
    // Then 76 seconds are left: a minute, and the most that is left to chance, are less.
    const timer = history.timerStarted(60_000)
    const passedMs = 1.25 * 123_000
    history
      .later(deadlineMs - passedMs - 76_000)
      .timerFired(timer)
      .workflowTask()
    const ended = history
      .asked('chargePayment', 'payment', away)
      .waited(48_000)
      .asked('chargePayment', 'payment', away)
      .waited(16_000)
      .local('beginOrderCompensation', { result: begun([], 'DEADLINE_EXCEEDED', 'chargePayment') })
      .local('closeOrder', { result: closed('rejected') })
      .ended({ status: 'rejected', reason: { code: 'DEADLINE_EXCEEDED', step: 'chargePayment' } })
    await expectToReplay(ended)
  })

  it('of a charge that spends an attempt whenever it is to come back: after six it is turned back', async () => {
    const history = buildHistory({ queued: ['chargePayment'] })
      .workflowTask()
      .local('reserveInventory', { result: DONE })
      .asked('chargePayment', 'payment', spending)
      .local('noteOrderProgress', { result: DONE })
    for (const s of [1, 2, 4, 8, 8]) history.waited(s * 1000).asked('chargePayment', 'payment', spending)
    const ended = history
      .waited(8000)
      .local('beginOrderCompensation', { result: begun([], 'STEP_FAILED', 'chargePayment') })
      .local('closeOrder', { result: closed('rejected') })
      .ended({ status: 'rejected', reason: { code: 'STEP_FAILED', step: 'chargePayment' } })
    await expectToReplay(ended)
  })

  it('of an undo that spends an attempt whenever it is to come back: after nine it is parked', async () => {
    const history = turnedBack()
      .local('refundPayment', { result: spending })
      .local('noteOrderProgress', { result: DONE })
    for (const s of [1, 2, 4, 8, 8, 8, 8, 8])
      history.waited(s * 1000).asked('refundPayment', 'payment', spending)
    history.waited(8000).local('noteOrderProgress', { result: DONE })
    const timer = history.timerStarted(60_000)
    history.local('releaseInventory', { result: DONE }).later(75_000).timerFired(timer).workflowTask()
    await expectToReplay(rejected(history.asked('refundPayment', 'payment', DONE)))
  })

  it('of a pivot that spends an attempt whenever it is to come back: after nine it is parked', async () => {
    const history = charged()
      .local('completeOrder', { result: spending })
      .local('noteOrderProgress', { result: DONE })
    for (const s of [1, 2, 4, 8, 8, 8, 8, 8])
      history.waited(s * 1000).asked('completeOrder', 'order', spending)
    const ended = history
      .waited(8000)
      .local('noteOrderProgress', { result: DONE })
      .waited(60_000)
      .asked('completeOrder', 'order', DONE)
      .local('notifyCustomer', { result: DONE })
      .ended({ status: 'completed' })
    await expectToReplay(ended)
  })

  it('of an order that cannot be closed: it is parked in sight after each round', async () => {
    const history = turnedBack()
      .local('refundPayment', { result: DONE })
      .local('releaseInventory', { result: DONE })
    history
      .local('closeOrder', { failure: fault })
      .failed(history.scheduled('closeOrder', 'order'), fault)
      .workflowTask()
      .local('noteOrderProgress', { result: DONE })
      .waited(60_000)
    for (const _ of [1, 2, 3]) {
      const round = history.scheduled('closeOrder', 'order')
      history.failed(round, fault).workflowTask().local('noteOrderProgress', { result: DONE }).waited(60_000)
    }
    const ended = history.asked('closeOrder', 'order', closed('rejected'))
    await expectToReplay(
      ended.ended({ status: 'rejected', reason: { code: 'SHIPMENT_REFUSED', step: 'createShipment' } }),
    )
  })

  it('of a notification that finds its provider away four times: it is left out, and that is recorded', async () => {
    const history = charged()
      .local('completeOrder', { result: DONE })
      .local('notifyCustomer', { result: away })
    for (const s of [1, 2, 4]) history.waited(s * 1000).asked('notifyCustomer', 'notification', away)
    const ended = history
      .waited(8000)
      .local('noteOrderProgress', { result: DONE })
      .ended({ status: 'completed' })
    await expectToReplay(ended)
  })

  it('of a notification whose leaving out cannot be recorded: it is tried ten times before the end', async () => {
    const history = charged()
      .local('completeOrder', { result: DONE })
      .local('notifyCustomer', { failure: fault })
    history.failed(history.scheduled('notifyCustomer', 'notification'), fault).workflowTask()
    for (const s of [1, 2, 4, 8, 16, 32, 60, 60, 60]) noteLost(history).waited(s * 1000)
    await expectToReplay(noteLost(history).ended({ status: 'completed' }))
  })

  it('of a pause of two minutes after the pivot: the notification is parked, spends nothing, and is sent', async () => {
    const history = charged()
      .local('completeOrder', { result: DONE })
      .local('notifyCustomer', { result: paused })
      .local('noteOrderProgress', { result: DONE })
    for (const s of AWAY_S) history.waited(s * 1000).asked('notifyCustomer', 'notification', paused)
    const ended = history
      .local('noteOrderProgress', { result: DONE })
      .waited(60_000)
      .asked('notifyCustomer', 'notification', DONE)
      .ended({ status: 'completed' })
    await expectToReplay(ended)
  })

  it('of a pivot that is paused until the deadline: it is not in flight, and the order turns back', async () => {
    const history = charged({ deadlineAt: BEGAN_AT + 1000 })
      .local('completeOrder', { result: paused })
      .local('noteOrderProgress', { result: DONE })
      .waited(1000)
    const ended = history
      .local('beginOrderCompensation', { result: begun([], 'DEADLINE_EXCEEDED', 'completeOrder') })
      .local('closeOrder', { result: closed('rejected') })
      .ended({ status: 'rejected', reason: { code: 'DEADLINE_EXCEEDED', step: 'completeOrder' } })
    await expectToReplay(ended)
  })

  it('of a wait of more than a thousand events: it is continued as new then, and not earlier', async () => {
    const history = buildHistory({ deadlineAt: BEGAN_AT + 86_400_000 })
      .workflowTask()
      .local('reserveInventory', { result: DONE })
      .local('chargePayment', { result: away })
      .local('noteOrderProgress', { result: DONE })
    // A task sees the history up to its own start, which its completion follows.
    while (history.length() - 1 <= 1000) history.waited(60_000).asked('chargePayment', 'payment', away)
    await expectToReplay(history.continuedAsNew())
  })

  it('of a wait that the database could not note at first: it is noted with the next look', async () => {
    const history = buildHistory()
      .workflowTask()
      .local('reserveInventory', { result: DONE })
      .local('chargePayment', { result: away })
    const ended = noteLost(history)
      .waited(1000)
      .asked('chargePayment', 'payment', away)
      .local('noteOrderProgress', { result: DONE })
      .waited(2000)
      .asked('chargePayment', 'payment', { kind: 'refused', code: 'CANCELLED_BY_CUSTOMER' })
      .local('beginOrderCompensation', {
        result: begun(['reserveInventory'], 'CANCELLED_BY_CUSTOMER', 'chargePayment'),
      })
      .local('releaseInventory', { result: DONE })
      .local('closeOrder', { result: closed('cancelled') })
      .ended({ status: 'cancelled', reason: { code: 'CANCELLED_BY_CUSTOMER', step: 'chargePayment' } })
    await expectToReplay(ended)
  })

  it('of an undo whose parking the database could not note: it is noted with the next look, so that an operator sees it', async () => {
    const history = turnedBack()
      .local('refundPayment', { result: away })
      .local('noteOrderProgress', { result: DONE })
    for (const s of AWAY_S) history.waited(s * 1000).asked('refundPayment', 'payment', away)
    const timer = noteLost(history).timerStarted(60_000)
    history.local('releaseInventory', { result: DONE }).later(75_000).timerFired(timer).workflowTask()
    history
      .asked('refundPayment', 'payment', away)
      .local('noteOrderProgress', { result: DONE })
      .waited(60_000)
    await expectToReplay(rejected(history.asked('refundPayment', 'payment', DONE)))
  })

  it('of two parked undos and a wake in the middle of an attempt: each is tried once more, at once', async () => {
    const history = turnedBack().local('refundPayment', { failure: fault })
    history
      .failed(history.scheduled('refundPayment', 'payment'), fault)
      .workflowTask()
      .local('noteOrderProgress', { result: DONE })
    const refundTimer = history.timerStarted(60_000)
    history.local('releaseInventory', { failure: fault })
    history
      .failed(history.scheduled('releaseInventory', 'inventory'), fault)
      .workflowTask()
      .local('noteOrderProgress', { result: DONE })
    const releaseTimer = history.timerStarted(60_000)
    // The refund is in its second round when an operator has the order tried again.
    history.later(61_000).timerFired(refundTimer).workflowTask()
    const refund = history.scheduled('refundPayment', 'payment')
    history.workflowTask({ isWoken: true }).timerCanceled(releaseTimer)
    const release = history.scheduled('releaseInventory', 'inventory')
    history.failed(release, fault).workflowTask().local('noteOrderProgress', { result: DONE })
    const releaseAgain = history.timerStarted(120_000)
    // The refund's round, which began before the wake, comes to nothing: it does not sleep.
    history
      .failed(refund, fault)
      .workflowTask()
      .local('noteOrderProgress', { result: DONE })
      .asked('refundPayment', 'payment', DONE)
    history.later(150_000).timerFired(releaseAgain).workflowTask()
    await expectToReplay(rejected(history.asked('releaseInventory', 'inventory', DONE)))
  })
})
