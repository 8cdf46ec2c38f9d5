import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { bundleWorkflowCode } from '@temporalio/worker'
import pino from 'pino'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { replayHistory } from '../../workers/replay-history.ts'
import { installRuntime } from '../../workers/runtime.ts'
import { begun, buildHistory, closed, DONE } from './history-builder.ts'
import { HISTORIES, OUTCOMES } from './outcomes.ts'

beforeAll(() => installRuntime(pino({ level: 'silent' })))

const today = () => ({ codePath: inject('servers').bundle })
const recorded = readdirSync(HISTORIES).map((file) => path.basename(file, '.json'))
const read = (name: string): unknown => JSON.parse(readFileSync(path.join(HISTORIES, `${name}.json`), 'utf8'))

describe('a recorded history', () => {
  it.each(recorded)('of %s replays', async (name) => {
    await expect(replayHistory(today(), read(name))).resolves.toBeUndefined()
  })

  it('is there for every outcome', () => {
    expect(recorded).toEqual(expect.arrayContaining(OUTCOMES.map(({ name }) => name)))
    expect(recorded.length).toBeGreaterThanOrEqual(12)
  })

  it('holds nothing of a customer, and nothing of where in our code an error was', () => {
    const all = recorded.map((name) => readFileSync(path.join(HISTORIES, `${name}.json`), 'utf8'))
    const decoded = all.flatMap((text) =>
      [...text.matchAll(/"data": "([^"]*)"/g)].map(([, data]) =>
        Buffer.from(data ?? '', 'base64').toString(),
      ),
    )
    const everything = [...all, ...decoded].join('\n')
    expect(everything).not.toMatch(/A\. Doe|High St|Utrecht|cus_|pm_|\.ts:\d+/)
  })

  it('does not replay against a saga whose steps were reordered under the same name', async () => {
    const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} }
    const workflowsPath = path.resolve(import.meta.dirname, 'reordered', 'index.ts')
    const reordered = await bundleWorkflowCode({ workflowsPath, logger: quiet })
    await expect(replayHistory(reordered, read('completed'))).rejects.toThrow(/nondeterminism|determinism/i)
    await expect(replayHistory(reordered, read('completed-on-queues'))).rejects.toThrow(
      /nondeterminism|determinism/i,
    )
    await expect(replayHistory(reordered, read('payment-timeout'))).rejects.toThrow(
      /nondeterminism|determinism/i,
    )
  })
})

const fault = { type: 'PROVIDER_ERROR' }

describe('a history written by hand', () => {
  it('of a cancel from Temporal in the same batch as the end of a step: the cancel becomes a wish before the next step', async () => {
    const history = buildHistory({ queued: ['reserveInventory'] }).workflowTask()
    const reserve = history.scheduled('reserveInventory', 'inventory')
    const ended = history
      .cancelRequested()
      .completed(reserve, DONE)
      .workflowTask()
      .local('cancelOrder', { result: DONE })
      .local('chargePayment', { result: { kind: 'refused', code: 'CANCELLED_BY_CUSTOMER' } })
      .local('beginOrderCompensation', {
        result: begun(['reserveInventory'], 'CANCELLED_BY_CUSTOMER', 'chargePayment'),
      })
      .local('releaseInventory', { result: DONE })
      .local('closeOrder', { result: closed('cancelled') })
      .ended({ status: 'cancelled', reason: { code: 'CANCELLED_BY_CUSTOMER', step: 'chargePayment' } })
    await expect(replayHistory(today(), ended)).resolves.toBeUndefined()
  })

  it('of a cancel from Temporal in the same batch as the end of the pivot: the order stays completed', async () => {
    const history = buildHistory({ queued: ['completeOrder'] })
      .workflowTask()
      .local('reserveInventory', { result: DONE })
      .local('chargePayment', { result: DONE })
      .local('createShipment', { result: DONE })
      .local('awardPoints', { result: DONE })
    const pivot = history.scheduled('completeOrder', 'order')
    const ended = history
      .completed(pivot, DONE)
      .cancelRequested()
      .workflowTask()
      .local('cancelOrder', { result: DONE })
      .local('notifyCustomer', { result: DONE })
      .ended({ status: 'completed' })
    await expect(replayHistory(today(), ended)).resolves.toBeUndefined()
  })

  it('of a cancel from Temporal just before it would continue as new: the wish is recorded first', async () => {
    const history = buildHistory({ queued: ['chargePayment'] })
      .workflowTask()
      .local('reserveInventory', { result: DONE })
    const charge = history.scheduled('chargePayment', 'payment')
    const again = history
      .cancelRequested()
      .completed(charge, { kind: 'unavailable' })
      .workflowTask({ isHistoryLong: true })
      .local('noteOrderProgress', { result: DONE })
      .local('cancelOrder', { result: DONE })
      .scheduled('chargePayment', 'payment')
    const ended = history
      .completed(again, { kind: 'refused', code: 'CANCELLED_BY_CUSTOMER' })
      .workflowTask()
      .local('beginOrderCompensation', {
        result: begun(['reserveInventory'], 'CANCELLED_BY_CUSTOMER', 'chargePayment'),
      })
      .local('releaseInventory', { result: DONE })
      .local('closeOrder', { result: closed('cancelled') })
      .ended({ status: 'cancelled', reason: { code: 'CANCELLED_BY_CUSTOMER', step: 'chargePayment' } })
    await expect(replayHistory(today(), ended)).resolves.toBeUndefined()
  })

  it('of a charge whose attempts are spent: what may have been charged is refunded first', async () => {
    const history = buildHistory()
      .workflowTask()
      .local('reserveInventory', { result: DONE })
      .local('chargePayment', { failure: fault })
    const charge = history.scheduled('chargePayment', 'payment')
    const ended = history
      .failed(charge, fault)
      .workflowTask()
      .local('beginOrderCompensation', {
        result: begun(['reserveInventory', 'chargePayment'], 'STEP_FAILED', 'chargePayment'),
      })
      .local('refundPayment', { result: DONE })
      .local('releaseInventory', { result: DONE })
      .local('closeOrder', { result: closed('rejected') })
      .ended({ status: 'rejected', reason: { code: 'STEP_FAILED', step: 'chargePayment' } })
    await expect(replayHistory(today(), ended)).resolves.toBeUndefined()
  })

  it('of a charge whose worker stopped beating: an unknown answer is treated as a charge', async () => {
    const history = buildHistory({ queued: ['chargePayment'] })
      .workflowTask()
      .local('reserveInventory', { result: DONE })
    const charge = history.scheduled('chargePayment', 'payment')
    const ended = history
      .timedOut(charge, 'HEARTBEAT')
      .workflowTask()
      .local('beginOrderCompensation', {
        result: begun(['reserveInventory', 'chargePayment'], 'STEP_FAILED', 'chargePayment'),
      })
      .local('refundPayment', { result: DONE })
      .local('releaseInventory', { result: DONE })
      .local('closeOrder', { result: closed('rejected') })
      .ended({ status: 'rejected', reason: { code: 'STEP_FAILED', step: 'chargePayment' } })
    await expect(replayHistory(today(), ended)).resolves.toBeUndefined()
  })

  it('of a charge that the deadline overtook on its queue: the deadline is the reason', async () => {
    const history = buildHistory({ queued: ['chargePayment'] })
      .workflowTask()
      .local('reserveInventory', { result: DONE })
    const charge = history.scheduled('chargePayment', 'payment')
    const ended = history
      .later(1_800_000)
      .timedOut(charge, 'SCHEDULE_TO_CLOSE')
      .workflowTask()
      .local('beginOrderCompensation', {
        result: begun(['reserveInventory', 'chargePayment'], 'DEADLINE_EXCEEDED', 'chargePayment'),
      })
      .local('refundPayment', { result: DONE })
      .local('releaseInventory', { result: DONE })
      .local('closeOrder', { result: closed('rejected') })
      .ended({ status: 'rejected', reason: { code: 'DEADLINE_EXCEEDED', step: 'chargePayment' } })
    await expect(replayHistory(today(), ended)).resolves.toBeUndefined()
  })

  it('of a pivot that was committed although the saga turned back: the row decides, and it goes forward', async () => {
    const history = buildHistory()
      .workflowTask()
      .local('reserveInventory', { result: DONE })
      .local('chargePayment', { result: DONE })
      .local('createShipment', { result: DONE })
      .local('awardPoints', { result: { kind: 'refused', code: 'SAGA_CLOSED' } })
      .local('beginOrderCompensation', { result: { kind: 'done', result: { verdict: 'completed' } } })
      .local('notifyCustomer', { result: DONE })
      .ended({ status: 'completed' })
    await expect(replayHistory(today(), history)).resolves.toBeUndefined()
  })

  it('of a refund that goes on failing: the order is parked, and tried again on a slow timer', async () => {
    const history = buildHistory()
      .workflowTask()
      .local('reserveInventory', { result: DONE })
      .local('chargePayment', { result: DONE })
      .local('createShipment', { result: { kind: 'refused', code: 'SHIPMENT_REFUSED' } })
      .local('beginOrderCompensation', {
        result: begun(['reserveInventory', 'chargePayment'], 'SHIPMENT_REFUSED', 'createShipment'),
      })
      .local('refundPayment', { failure: fault })
    const refund = history.scheduled('refundPayment', 'payment')
    history.failed(refund, fault).workflowTask().local('noteOrderProgress', { result: DONE })
    const slowTimer = history.local('releaseInventory', { result: DONE }).timerStarted(60_000)
    const again = history
      .later(60_000)
      .timerFired(slowTimer)
      .workflowTask()
      .scheduled('refundPayment', 'payment')
    const ended = history
      .completed(again, DONE)
      .workflowTask()
      .local('closeOrder', { result: closed('rejected') })
      .ended({ status: 'rejected', reason: { code: 'SHIPMENT_REFUSED', step: 'createShipment' } })
    await expect(replayHistory(today(), ended)).resolves.toBeUndefined()
  })

  it('that asks for another order of events is refused, so that these tests can fail', async () => {
    const wrong = buildHistory()
      .workflowTask()
      .local('chargePayment', { result: DONE })
      .local('reserveInventory', { result: DONE })
      .ended({ status: 'completed' })
    await expect(replayHistory(today(), wrong)).rejects.toThrow(/nondeterminism|determinism/i)
  })
})
