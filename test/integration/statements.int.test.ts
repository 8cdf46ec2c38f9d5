import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { createMaintenance, type MaintenanceChange } from '../../domain/operations/maintenance.ts'
import { createRetryBatches } from '../../domain/operations/retry-batches.ts'
import { createIntake } from '../../domain/order/intake.ts'
import { createOrderJournal } from '../../domain/order/journal.ts'
import type { Database } from '../../prisma/client.ts'
import { ORDER_SAGA } from '../../workflows/order/contract.ts'
import { orderBody } from '../harness/api-client.ts'
import type { TestDatabase } from '../harness/database.ts'
import { createTestDatabase } from '../harness/start.ts'
import { inFlight } from '../harness/in-flight.ts'
import { eventTypes, fenceState, placeOrderRow, sagaRow } from '../harness/order-rows.ts'
import { attemptStep } from '../harness/steps.ts'

let test: TestDatabase
beforeAll(async () => {
  test = await createTestDatabase()
})
afterAll(() => test.close())

const reserve = (id: string) => (db: Database) => attemptStep(db, 'reserveInventory', id)
const release = (id: string) => (db: Database) => attemptStep(db, 'releaseInventory', id)
const award = (id: string) => (db: Database) => attemptStep(db, 'awardPoints', id)
const revoke = (id: string) => (db: Database) => attemptStep(db, 'revokePoints', id)
const complete = (id: string) => (db: Database) => attemptStep(db, 'completeOrder', id)
const notify = (id: string) => (db: Database) => attemptStep(db, 'notifyCustomer', id)
const begin =
  (id: string, code = 'STEP_FAILED') =>
  (db: Database) =>
    createOrderJournal({ db }).beginCompensation(id, { code, step: 'chargePayment' })
const cancel = (id: string) => (db: Database) => createOrderJournal({ db }).cancel(id, 'customer')
const close = (id: string) => (db: Database) => createOrderJournal({ db }).close(id)
const intend = (id: string) => async (db: Database) => {
  const [row] = await db.$queryRaw<
    { verdict: string }[]
  >`SELECT verdict FROM step_intend(${id}::uuid, 'chargePayment', 'compensatable', 'payment', 1)`
  return row?.verdict
}
const conclude = (id: string) => async (db: Database) => {
  const [row] = await db.$queryRaw<{ verdict: string }[]>`
    SELECT verdict
      FROM step_conclude(${id}::uuid, 'chargePayment', 'compensatable', 1, 'done', '{}', 'PaymentCharged', '{}')`
  return row?.verdict
}
const enterUndo = (id: string) => async (db: Database) => {
  const [row] = await db.$queryRaw<
    { verdict: string }[]
  >`SELECT verdict FROM undo_enter(${id}::uuid, 'chargePayment', 1)`
  return row?.verdict
}
const settleUndo = (id: string) => async (db: Database) => {
  const [row] = await db.$queryRaw<{ settled: boolean }[]>`
    SELECT undo_settle(${id}::uuid, 'chargePayment', 'PaymentRefunded', '{}') AS settled`
  return row?.settled
}

const DONE = { kind: 'done' }
const stock = async (sku: string) => test.db.stock.findUniqueOrThrow({ where: { sku } })

/** Each test uses a product of its own, so that stock can be compared. The pivot asks for the stock alone. */
const order = (sku: string, quantity = 1) =>
  placeOrderRow(test.db, { lines: [{ sku, quantity }] }, ['reserveInventory'])

describe('two changes of maintenance, in flight at once', () => {
  it('are both made, and each records what it found', async () => {
    const change = (what: MaintenanceChange) => (db: Database) =>
      createMaintenance({ db }).change(what, { actor: 'op', reason: 'tested' })
    const both = await inFlight(
      test.db,
      change({ breakers: { payment: 'open' } }),
      change({ breakers: { shipping: 'open' }, pausedSteps: ['awardPoints'] }),
    )
    const breakers = { payment: 'open', shipping: 'open' }
    expect(both).toMatchObject({ hasWaited: true, second: { breakers, pausedSteps: ['awardPoints'] } })
    const [, second] = await test.db.operatorAction.findMany({ orderBy: { id: 'asc' } })
    expect(second?.before).toMatchObject({ breakers: { payment: 'open' }, pausedSteps: [] })
    await change({ breakers: { payment: 'auto', shipping: 'auto' }, pausedSteps: [] })(test.db)
  })
})

describe('two attempts at the same step, in flight at once', () => {
  it('reserve stock once', async () => {
    const id = await order('TEA-002', 3)
    const before = await stock('TEA-002')
    const both = await inFlight(test.db, reserve(id), reserve(id))
    expect(both).toEqual({ first: DONE, second: DONE, hasWaited: true })
    const after = await stock('TEA-002')
    expect([before.available - after.available, after.reserved - before.reserved]).toEqual([3, 3])
    expect(await eventTypes(test.db, id)).toEqual(['OrderPlaced', 'InventoryReserved'])
  })

  it('release it once', async () => {
    const id = await order('TEA-003', 2)
    await reserve(id)(test.db)
    await begin(id)(test.db)
    const both = await inFlight(test.db, release(id), release(id))
    expect(both).toEqual({ first: DONE, second: DONE, hasWaited: true })
    expect(await stock('TEA-003')).toMatchObject({ available: 1_000_000, reserved: 0 })
    expect(await eventTypes(test.db, id)).toEqual([
      'OrderPlaced',
      'InventoryReserved',
      'CompensationBegun',
      'InventoryReleased',
    ])
  })

  it('award points once, and revoke them once', async () => {
    const id = await order('TEA-004', 2)
    await reserve(id)(test.db)
    expect(await inFlight(test.db, award(id), award(id))).toEqual({
      first: DONE,
      second: DONE,
      hasWaited: true,
    })
    await begin(id)(test.db)
    expect(await inFlight(test.db, revoke(id), revoke(id))).toEqual({
      first: DONE,
      second: DONE,
      hasWaited: true,
    })
    const entries = await test.db.loyaltyEntry.findMany({
      where: { orderId: id },
      orderBy: { kind: 'asc' },
    })
    expect(entries.map(({ kind, points }) => [kind, Number(points)])).toEqual([
      ['awarded', 13],
      ['revoked', -13],
    ])
  })

  it('complete the order once', async () => {
    const id = await order('TEA-005', 2)
    await reserve(id)(test.db)
    expect(await inFlight(test.db, complete(id), complete(id))).toEqual({
      first: DONE,
      second: DONE,
      hasWaited: true,
    })
    expect(await stock('TEA-005')).toMatchObject({ available: 999_998, reserved: 0, sold: 2 })
  })

  it('notify the customer once', async () => {
    const id = await order('TEA-006')
    await reserve(id)(test.db)
    await complete(id)(test.db)
    expect(await inFlight(test.db, notify(id), notify(id))).toEqual({
      first: DONE,
      second: DONE,
      hasWaited: true,
    })
    expect(await test.db.notification.count({ where: { orderId: id } })).toBe(1)
  })

  it('take one intent: the second finds it, and asks the provider by key', async () => {
    const id = await order('TEA-001')
    expect(await inFlight(test.db, intend(id), intend(id))).toEqual({
      first: 'go',
      second: 'resume',
      hasWaited: true,
    })
  })

  it('record one outcome', async () => {
    const id = await order('TEA-001')
    await intend(id)(test.db)
    expect(await inFlight(test.db, conclude(id), conclude(id))).toEqual({
      first: 'concluded',
      second: 'already',
      hasWaited: true,
    })
    expect(await eventTypes(test.db, id)).toEqual(['OrderPlaced', 'ProcessingBegun', 'PaymentCharged'])
  })

  it('begin to undo together, and record it once', async () => {
    const id = await order('TEA-001')
    await intend(id)(test.db)
    await begin(id)(test.db)
    expect(await inFlight(test.db, enterUndo(id), enterUndo(id))).toEqual({
      first: 'undo',
      second: 'undo',
      hasWaited: true,
    })
    expect(await inFlight(test.db, settleUndo(id), settleUndo(id))).toEqual({
      first: true,
      second: false,
      hasWaited: true,
    })
    expect((await eventTypes(test.db, id)).filter((type) => type === 'PaymentRefunded')).toHaveLength(1)
  })

  it('begin one compensation, and keep its first reason', async () => {
    const id = await order('TEA-001')
    await reserve(id)(test.db)
    const both = await inFlight(test.db, begin(id, 'PAYMENT_DECLINED'), begin(id, 'DEADLINE_EXCEEDED'))
    const reason = { code: 'PAYMENT_DECLINED', step: 'chargePayment' }
    expect(both).toEqual({
      first: { verdict: 'begun', reason, undo: ['reserveInventory'] },
      second: { verdict: 'already', reason, undo: ['reserveInventory'] },
      hasWaited: true,
    })
  })

  it('close once', async () => {
    const id = await order('TEA-001')
    await begin(id)(test.db)
    const both = await inFlight(test.db, close(id), close(id))
    expect(both).toEqual({ first: { status: 'rejected' }, second: { status: 'rejected' }, hasWaited: true })
    expect(await eventTypes(test.db, id)).toEqual(['OrderPlaced', 'CompensationBegun', 'OrderRejected'])
  })

  it('record one wish to cancel', async () => {
    const id = await order('TEA-001')
    expect(await inFlight(test.db, cancel(id), cancel(id))).toEqual({
      first: 'recorded',
      second: 'recorded',
      hasWaited: true,
    })
    expect(await eventTypes(test.db, id)).toEqual(['OrderPlaced', 'CancelRequested'])
  })
})

describe('a forward step and what turns the order back, in flight at once', () => {
  const refused = (code: string) => ({ kind: 'refused', code })

  it.each([
    { step: 'reserveInventory', forward: reserve },
    { step: 'awardPoints', forward: award },
  ])('$step first: the compensation owes it', async ({ step, forward }) => {
    const id = await order('TEA-001')
    const both = await inFlight(test.db, forward(id), begin(id))
    expect(both).toMatchObject({ first: DONE, second: { verdict: 'begun', undo: [step] }, hasWaited: true })
  })

  it.each([
    { step: 'reserveInventory', forward: reserve },
    { step: 'awardPoints', forward: award },
    { step: 'completeOrder', forward: complete },
  ])('the compensation first: $step is refused and leaves no trace', async ({ step, forward }) => {
    const id = await order('TEA-001')
    const both = await inFlight(test.db, begin(id), forward(id))
    expect(both).toMatchObject({
      first: { verdict: 'begun', undo: [] },
      second: refused('STEP_FAILED'),
      hasWaited: true,
    })
    expect(await fenceState(test.db, id, step)).toBeUndefined()
    expect(await eventTypes(test.db, id)).toEqual(['OrderPlaced', 'CompensationBegun'])
  })

  it('the intent first: the compensation owes its undo', async () => {
    const id = await order('TEA-001')
    const both = await inFlight(test.db, intend(id), begin(id))
    expect(both).toMatchObject({ first: 'go', second: { undo: ['chargePayment'] }, hasWaited: true })
  })

  it('the compensation first: no intent is taken', async () => {
    const id = await order('TEA-001')
    const both = await inFlight(test.db, begin(id), intend(id))
    expect(both).toMatchObject({ second: 'refused', hasWaited: true })
    expect(await fenceState(test.db, id, 'chargePayment')).toBeUndefined()
  })

  it('the outcome first: the undo follows it', async () => {
    const id = await order('TEA-001')
    await intend(id)(test.db)
    await begin(id)(test.db)
    expect(await inFlight(test.db, conclude(id), enterUndo(id))).toEqual({
      first: 'concluded',
      second: 'undo',
      hasWaited: true,
    })
    expect(await fenceState(test.db, id, 'chargePayment')).toBe('undoing')
  })

  it('the undo first: the outcome comes late, and is not recorded', async () => {
    const id = await order('TEA-001')
    await intend(id)(test.db)
    await begin(id)(test.db)
    expect(await inFlight(test.db, enterUndo(id), conclude(id))).toEqual({
      first: 'undo',
      second: 'late',
      hasWaited: true,
    })
    expect(await fenceState(test.db, id, 'chargePayment')).toBe('undoing')
  })

  it('the pivot first: the compensation finds the order completed', async () => {
    const id = await order('TEA-001')
    await reserve(id)(test.db)
    expect(await inFlight(test.db, complete(id), begin(id))).toEqual({
      first: DONE,
      second: { verdict: 'completed' },
      hasWaited: true,
    })
    expect(await sagaRow(test.db, id)).toMatchObject({ status: 'completed', reasonCode: null })
  })

  it('the pivot first: the cancel comes too late', async () => {
    const id = await order('TEA-001')
    await reserve(id)(test.db)
    expect(await inFlight(test.db, complete(id), cancel(id))).toEqual({
      first: DONE,
      second: 'too_late',
      hasWaited: true,
    })
  })

  it('the cancel first: the pivot is refused', async () => {
    const id = await order('TEA-001')
    await reserve(id)(test.db)
    const both = await inFlight(test.db, cancel(id), complete(id))
    expect(both).toEqual({ first: 'recorded', second: refused('CANCELLED_BY_CUSTOMER'), hasWaited: true })
    expect(await sagaRow(test.db, id)).toMatchObject({ status: 'processing' })
  })

  it('the cancel first: whatever turns the order back afterwards, it is the reason', async () => {
    const id = await order('TEA-001')
    const both = await inFlight(test.db, cancel(id), begin(id, 'OUT_OF_STOCK'))
    expect(both.second).toMatchObject({ verdict: 'begun', reason: { code: 'CANCELLED_BY_CUSTOMER' } })
    expect(await close(id)(test.db)).toEqual({ status: 'cancelled' })
  })

  it('the compensation first: the cancel has no effect', async () => {
    const id = await order('TEA-001')
    expect((await inFlight(test.db, begin(id), cancel(id))).second).toBe('compensating')
    expect(await close(id)(test.db)).toEqual({ status: 'rejected' })
  })
})

describe('orders that compete for the last of a product', () => {
  it('the second waits for the first, and is refused', async () => {
    await test.db.stock.update({ where: { sku: 'CUP-001' }, data: { received: 1, available: 1 } })
    const [first, second] = [await order('CUP-001'), await order('CUP-001')]
    const both = await inFlight(test.db, reserve(first), reserve(second))
    expect(both).toMatchObject({
      first: DONE,
      second: { kind: 'refused', code: 'OUT_OF_STOCK' },
      hasWaited: true,
    })
    expect(await stock('CUP-001')).toMatchObject({ available: 0, reserved: 1 })
  })

  it('the second gets what the first gives back', async () => {
    await test.db.stock.update({ where: { sku: 'CUP-002' }, data: { received: 1, available: 1 } })
    const [first, second] = [await order('CUP-002'), await order('CUP-002')]
    await reserve(first)(test.db)
    await begin(first)(test.db)
    expect(await inFlight(test.db, release(first), reserve(second))).toEqual({
      first: DONE,
      second: DONE,
      hasWaited: true,
    })
    expect(await stock('CUP-002')).toMatchObject({ available: 0, reserved: 1 })
  })

  it('a refusal names what is missing, reserves nothing of the other lines, and is final', async () => {
    const id = await placeOrderRow(test.db, {
      lines: [
        { sku: 'TEA-007', quantity: 1 },
        { sku: 'NONE-001', quantity: 1 },
      ],
    })
    const refusal = { kind: 'refused', code: 'OUT_OF_STOCK', detail: 'Not enough in stock: NONE-001' }
    expect(await reserve(id)(test.db)).toEqual(refusal)
    await test.db.stock.update({ where: { sku: 'NONE-001' }, data: { received: 5, available: 5 } })
    expect(await reserve(id)(test.db)).toEqual(refusal)
    expect(await stock('TEA-007')).toMatchObject({ reserved: 0 })
  })
})

describe('the deadline of an order', () => {
  afterEach(() => vi.useRealTimers())

  it.each([-10, 10])(
    'is set by the clock of the database, not by one that is %i minutes off',
    async (minutes) => {
      const [now] = await test.db.$queryRaw<{ now: Date }[]>`SELECT clock_timestamp() AS now`
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + minutes * 60_000 })
      const id = await placeOrderRow(test.db, { deadlineSeconds: 60 })
      const { createdAt, deadlineAt } = await sagaRow(test.db, id)
      expect(deadlineAt.getTime() - createdAt.getTime()).toBe(60_000)
      expect(createdAt.getTime() - (now?.now.getTime() ?? 0)).toBeLessThan(60_000)
      expect(createdAt.getTime()).toBeGreaterThanOrEqual(now?.now.getTime() ?? Number.POSITIVE_INFINITY)
    },
  )
})

describe('a request that is repeated', () => {
  const intake = () => createIntake({ db: test.db, compose: ORDER_SAGA.compose, newId: randomUUID })

  it('across a release that fills in a default is the same, and one that says it itself is another', async () => {
    const [sent, key] = [orderBody(), randomUUID()]
    const first = await intake().place('shop', key, sent, sent)
    const { lines, ...rest } = sent
    const filled = { ...sent, deadlineSeconds: 1800 }
    expect(await intake().place('shop', key, filled, { lines, ...rest })).toEqual({
      ...first,
      isReplay: true,
    })
    await expect(intake().place('shop', key, filled, filled)).rejects.toMatchObject({
      code: 'IDEMPOTENCY_KEY_REUSED',
    })
  })
})

describe('batches of retries', () => {
  it('of which ten are stuck do not block the eleventh', async () => {
    const batches = createRetryBatches({ db: test.db, newId: randomUUID })
    const ids = await Promise.all(
      Array.from({ length: 11 }, async () => {
        const id = await placeOrderRow(test.db, { customerId: 'cus_stuck' })
        await reserve(id)(test.db)
        await begin(id)(test.db)
        await createOrderJournal({ db: test.db }).noteParked(id, 'reserveInventory', 'STUCK')
        return id
      }),
    )
    const made = []
    for (const id of ids) {
      const batch = await batches.create({ errorClass: 'STUCK' }, 100, { actor: 'op', reason: 'stuck' })
      await test.db.retryBatchItem.deleteMany({ where: { batchId: batch.id, NOT: { sagaId: id } } })
      made.push(batch.id)
    }
    // Nobody runs these orders: what is retried is never settled.
    for (const _round of [1, 2]) await batches.advance()
    const progress = await Promise.all(made.map((id) => batches.find(id)))
    expect(progress.map((batch) => batch?.retried)).toEqual(made.map(() => 1))
  })
})
