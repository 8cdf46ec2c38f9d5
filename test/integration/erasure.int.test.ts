import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAccounts } from '../../domain/account/accounts.ts'
import { createPersonalData } from '../../domain/customer/personal-data.ts'
import { createTimeline } from '../../domain/operations/timeline.ts'
import { createParking } from '../../domain/operations/parking.ts'
import { createOrderJournal } from '../../domain/order/journal.ts'
import { createShipment } from '../../domain/shipping/create-shipment.ts'
import { createTransferIntake } from '../../domain/transfer/intake.ts'
import { createTransferJournal } from '../../domain/transfer/journal.ts'
import { createAggregates } from '../../events/store/aggregate.ts'
import { createEventStore } from '../../events/store/store.ts'
import { sqlOf } from '../../events/store/sql.ts'
import { openDatabase, type Database } from '../../prisma/client.ts'
import { openTestPool, type TestDatabase } from '../harness/database.ts'
import { writeEndedOrders } from '../harness/ended-orders.ts'
import { inFlight } from '../harness/in-flight.ts'
import { rowsTouched } from '../harness/many-sagas.ts'
import { placeOrderRow, sagaRow } from '../harness/order-rows.ts'
import { createTestDatabase } from '../harness/start.ts'
import { attempt, attemptStep } from '../harness/steps.ts'

/** The statements of an erasure, on rows alone: nothing runs beside them but what the test calls. */
let test: TestDatabase
beforeAll(async () => {
  test = await createTestDatabase()
})
afterAll(() => test.close())

/** A wish is due at once, and so is the next look at one that is still open: after this call, not in it. */
const dueAtOnce = () => createPersonalData({ db: test.db, pauseSeconds: -1 })
const looksOnce = () => createPersonalData({ db: test.db, pauseSeconds: 3600 })

const wish = (customerId: string) => dueAtOnce().wishErasure(customerId)
const look = async () => {
  await test.db.erasure.updateMany({ data: { lookAt: new Date(0) } })
  await looksOnce().eraseWished()
}
const erased = async (customerId: string) => {
  await wish(customerId)
  await look()
}

const journal = () => createOrderJournal({ db: test.db })
const operator = (reason: string) => ({ actor: 'anna', reason })
const place = (customerId: string, wishes = {}) => placeOrderRow(test.db, { customerId, ...wishes })

/** An order that was turned back, with nothing to undo. */
async function rejected(customerId: string): Promise<string> {
  const id = await place(customerId)
  await end(id)
  return id
}

async function end(id: string): Promise<void> {
  await journal().beginCompensation(id, { code: 'STEP_FAILED', step: 'chargePayment', detail: 'our words' })
  await journal().close(id)
}

const addressOf = async (id: string) =>
  (await test.db.orderAddress.findUnique({ where: { orderId: id } }))?.name
const tokenOf = async (id: string) => (await test.db.order.findUniqueOrThrow({ where: { id } })).paymentMethod
const isOpen = async (customerId: string) =>
  (await test.db.erasure.count({ where: { customerId, finishedAt: null } })) > 0
const reasons = async () => (await test.db.operatorReason.findMany()).map(({ reason }) => reason).sort()
const addresses = (customerId: string) => test.db.orderAddress.count({ where: { order: { customerId } } })

describe('an erasure', () => {
  it('takes the address and the token of each closed order, and no other customer’s', async () => {
    const [one, other] = [await rejected('cus_gone'), await rejected('cus_stays')]
    await erased('cus_gone')
    expect([await addressOf(one), await tokenOf(one)]).toEqual([undefined, ''])
    expect([await addressOf(other), await tokenOf(other)]).toEqual(['A. Doe', 'pm_ok'])
    expect(await sagaRow(test.db, one)).toMatchObject({ status: 'rejected', reasonDetail: 'our words' })
    expect(await isOpen('cus_gone')).toBe(false)
  })

  it('waits for an open order, and is finished when that has ended', async () => {
    const [closed, open] = [await rejected('cus_waits'), await place('cus_waits')]
    await erased('cus_waits')
    expect([await addressOf(closed), await addressOf(open)]).toEqual([undefined, 'A. Doe'])
    expect(await isOpen('cus_waits')).toBe(true)
    await end(open)
    await look()
    expect([await addressOf(open), await isOpen('cus_waits')]).toEqual([undefined, false])
  })

  it('covers what was there when it was wished last, and no order that was placed later', async () => {
    const first = await place('cus_again')
    await wish('cus_again')
    // Times are kept to the millisecond: an order of the same one counts as placed before.
    await sleep(2)
    const second = await rejected('cus_again')
    await look()
    expect(await addressOf(second)).toBe('A. Doe')
    await wish('cus_again')
    await end(first)
    await look()
    expect([await addressOf(first), await addressOf(second)]).toEqual([undefined, undefined])
    expect(await test.db.erasure.count({ where: { customerId: 'cus_again' } })).toBe(1)
    const later = await rejected('cus_again')
    await look()
    expect(await addressOf(later)).toBe('A. Doe')
  })

  it('takes the words of a cancel, also where they became the detail of the reason', async () => {
    const id = await place('cus_words')
    await journal().cancel(id, 'anonymous', 'I am ill')
    await journal().beginCompensation(id, { code: 'STEP_FAILED', step: 'chargePayment' })
    await journal().close(id)
    expect(await sagaRow(test.db, id)).toMatchObject({ cancelNote: 'I am ill', reasonDetail: 'I am ill' })
    await erased('cus_words')
    expect(await sagaRow(test.db, id)).toMatchObject({
      status: 'cancelled',
      reasonCode: 'CANCELLED_BY_CUSTOMER',
      cancelNote: null,
      reasonDetail: null,
    })
  })

  it('takes the words about a transfer out of an account of the customer, and not of one into it', async () => {
    const { db } = test
    const store = createEventStore({ db })
    const accounts = createAccounts({ db, aggregates: createAggregates({ db, store }), store })
    for (const [id, ownerId] of [
      ['acc_own', 'cus_saver'],
      ['acc_other', 'cus_other'],
    ] as const)
      await accounts.execute(id, undefined, [{ kind: 'open', ownerId, currency: 'EUR' }])
    const intake = createTransferIntake({
      db,
      composition: { definition: 'transfer@1', beforePivot: [] },
      newId: randomUUID,
    })
    const transfers = createTransferJournal({ db })
    const cancelled = async (sourceAccountId: string, destinationAccountId: string) => {
      const money = { amountMinor: 1, currency: 'EUR' }
      const { id } = await intake.place('test', randomUUID(), {
        sourceAccountId,
        destinationAccountId,
        ...money,
      })
      await transfers.cancel(id, 'anonymous', 'for my aunt')
      await transfers.beginCompensation(id, { code: 'STEP_FAILED', step: 'withdrawMoney' })
      await transfers.close(id)
      return id
    }
    const [out, into] = [await cancelled('acc_own', 'acc_other'), await cancelled('acc_other', 'acc_own')]
    await erased('cus_saver')
    expect((await sagaRow(db, out)).cancelNote).toBeNull()
    expect((await sagaRow(db, into)).cancelNote).toBe('for my aunt')
  })

  it('takes the reasons that were given for what was done to the customer’s orders, and leaves the rest', async () => {
    const { db } = test
    const ids = [await place('cus_spoken'), await place('cus_unspoken')]
    for (const id of ids) {
      await attemptStep(db, 'reserveInventory', id)
      await journal().beginCompensation(id, { code: 'STEP_FAILED', step: 'chargePayment' })
      await journal().noteParked(id, 'reserveInventory', 'FAULT')
      await createParking({ db }).retry(id, undefined, operator(`about ${id}`))
      // As the desk of dead letters records it, whose row may be gone by now. Its id is as good as any.
      await db.$executeRaw`
        INSERT INTO operator_actions (actor, action, dead_letter_id, reason, before, after)
        VALUES ('anna', 'discard', ${id}::uuid, ${`letter of ${id}`}, ${{ stream_id: `order-${id}` }}, '{}')`
      await attemptStep(db, 'releaseInventory', id)
      await journal().close(id)
    }
    const [spoken = '', unspoken = ''] = ids
    const audited = async (target: string) => {
      const entry = { subject: 'anna', action: 'x', target, requestId: 'r' }
      const { id } = await db.auditEntry.create({ data: entry })
      await db.auditReason.create({ data: { entryId: id, reason: target } })
    }
    const covered = [
      `orders/${spoken}`,
      `orders/${spoken}/x`,
      `dead-letters/${spoken}`,
      'customers/cus_spoken',
    ]
    const others = [
      'customers/cus_spoken-2',
      'customers/cus_spoken-2/x',
      `orders/${unspoken}`,
      `dead-letters/${unspoken}`,
    ]
    for (const target of [...covered, ...others]) await audited(target)
    await erased('cus_spoken')
    expect(await reasons()).toEqual([`about ${unspoken}`, `letter of ${unspoken}`])
    expect((await db.auditReason.findMany()).map(({ reason }) => reason).sort()).toEqual(others.sort())
    expect(await db.auditEntry.count()).toBe(covered.length + others.length)

    const pool = openTestPool(test.url, 1)
    const timeline = await createTimeline({ db: sqlOf(pool) }).read(spoken)
    await pool.end()
    expect(timeline?.actions).toMatchObject([{ actor: 'anna', action: 'retry', reason: null }])
  })

  it('leaves what an order answers to an attempt that comes late: the record, and no request', async () => {
    const [done, back] = [await place('cus_late'), await place('cus_late')]
    await attemptStep(test.db, 'reserveInventory', done)
    await test.db.$executeRaw`UPDATE sagas SET before_pivot = '{}' WHERE id = ${done}::uuid`
    const fence = createShipment.fenceOn(test.db)
    await fence.intend(done, 1)
    const effect = { trackingNumber: 'TRK-1' }
    const key = `order:${done}:createShipment`
    await fence.conclude(done, key, 1, { state: 'done', effect, event: 'ShipmentCreated', data: effect })
    await attemptStep(test.db, 'completeOrder', done)
    await fence.intend(back, 1)
    await journal().beginCompensation(back, { code: 'STEP_FAILED', step: 'createShipment' })
    await journal().noteParked(back, 'createShipment', 'FAULT')
    await createParking({ db: test.db }).skip(back, 'createShipment', operator('given up'))
    await journal().close(back)
    await erased('cus_late')

    const asked: string[] = []
    const carrier = createShipment.bindTo(
      {
        create: async () => (asked.push('create'), { kind: 'unavailable' as const }),
        find: async () => (asked.push('find'), undefined),
        makeFinal: async () => ({ kind: 'ok' as const, effect: { kind: 'undone' as const, undone: effect } }),
      },
      { fence, reach: () => undefined },
    )
    expect(await carrier.createShipment(done, attempt(2))).toEqual({ kind: 'done' })
    expect(await carrier.createShipment(back, attempt(2))).toMatchObject({ code: 'STEP_FAILED' })
    expect(asked).toEqual([])
    // An undo that was in progress when its step was skipped comes to its end.
    await fence.settleUndo(back, `order:${back}:createShipment`, {
      effect,
      event: 'ShipmentCancelled',
      data: effect,
    })
    expect(await test.db.shipment.findMany({ where: { orderId: back } })).toMatchObject([
      { state: 'cancelled' },
    ])
  })

  it('reads no reasons but those about the customer, however many there are', async () => {
    const id = await rejected('cus_brief')
    const other = await place('cus_discussed')
    await test.db.$executeRaw`
      INSERT INTO operator_actions (actor, action, saga_id, dead_letter_id, reason, before, after)
      SELECT 'anna', action, CASE action WHEN 'retry' THEN ${other}::uuid END,
             CASE action WHEN 'discard' THEN gen_random_uuid() END, 'of another',
             jsonb_build_object('stream_id', 'order-' || ${other}), '{}'
        FROM generate_series(1, 2000), unnest(ARRAY['retry', 'discard']) AS action`
    await test.db.$executeRaw`
      WITH entry AS (
        INSERT INTO audit_entries (subject, action, target, request_id)
        SELECT 'anna', 'x', 'orders/' || ${other} || '/retry', 'r' FROM generate_series(1, 2000) RETURNING id
      ) INSERT INTO audit_reasons (entry_id, reason) SELECT id, 'of another' FROM entry`
    await wish('cus_brief')
    const touched = await rowsTouched(test.db, (db) =>
      createPersonalData({ db, pauseSeconds: 3600 }).eraseWished(),
    )
    expect(await addressOf(id)).toBeUndefined()
    expect(touched).toBeLessThan(100)
  })

  it('goes through more orders than a page, and loses none where several processes do it at once', async () => {
    const customers = ['cus_many_1', 'cus_many_2', 'cus_many_3']
    for (const customerId of customers) {
      await writeEndedOrders(test.db, { customerId, count: 1100, daysAgo: 50 })
      await wish(customerId)
    }
    const processes = [1, 2, 3].map(() => openDatabase(test.url, 1))
    await Promise.all(
      processes.map(async (db) => {
        const personalData = createPersonalData({ db, pauseSeconds: 3600 })
        for (let pages = 0; pages < 8; pages += 1)
          await Promise.all([personalData.eraseWished(), personalData.eraseOlderThan(40)])
      }),
    )
    for (const db of processes) await db.$disconnect()
    for (const customerId of customers)
      expect([customerId, await addresses(customerId), await isOpen(customerId)]).toEqual([
        customerId,
        0,
        false,
      ])
  })

  it('is taken up by one process, while the others take other wishes and wait for none', async () => {
    const ids = [await rejected('cus_twin_1'), await rejected('cus_twin_2')]
    for (const customerId of ['cus_twin_1', 'cus_twin_2']) await wish(customerId)
    const one = (db: Database) => db.$queryRaw`SELECT erasures_advance(3600)`
    const { hasWaited } = await inFlight(test.db, one, one)
    expect([hasWaited, await addressOf(ids[0] ?? ''), await addressOf(ids[1] ?? '')]).toEqual([
      false,
      undefined,
      undefined,
    ])
  })

  it('begins its next look at the first order that was open, and reads a page of them, however many there are', async () => {
    await writeEndedOrders(test.db, { customerId: 'cus_large', count: 5000 })
    const open = await place('cus_large')
    await erased('cus_large')
    expect([await addresses('cus_large'), await isOpen('cus_large')]).toEqual([1, true])
    await test.db.erasure.updateMany({ data: { lookAt: new Date(0) } })
    const touched = await rowsTouched(test.db, (db) =>
      createPersonalData({ db, pauseSeconds: 3600 }).eraseWished(),
    )
    expect(touched).toBeLessThan(100)
    await end(open)
    await look()
    expect(await isOpen('cus_large')).toBe(false)
  })
})

describe('the reason of an action', () => {
  it('is never in the row that stays, whatever a statement says', async () => {
    await test.db.$executeRaw`
      INSERT INTO operator_actions (actor, action, reason, before, after) VALUES ('anna', 'maintain', 'by hand', '{}', '{}')`
    expect(await test.db.operatorAction.count({ where: { reason: { not: null } } })).toBe(0)
    expect(await reasons()).toContain('by hand')
  })
})

describe('the time for which personal data is kept', () => {
  const DAYS = 30
  const expire = async () => {
    while ((await looksOnce().eraseOlderThan(DAYS)) > 0);
  }

  it('ends for orders that ended before it, whatever their customer wished, and for no others', async () => {
    await writeEndedOrders(test.db, { customerId: 'cus_old', count: 3, daysAgo: DAYS + 1 })
    await writeEndedOrders(test.db, { customerId: 'cus_young', count: 3, daysAgo: DAYS - 1 })
    await writeEndedOrders(test.db, { customerId: 'cus_parked', count: 1, daysAgo: DAYS + 1 })
    await writeEndedOrders(test.db, { customerId: 'cus_slow', count: 1, daysAgo: DAYS + 1 })
    await test.admin.$executeRaw`ALTER TABLE sagas DISABLE TRIGGER USER`
    await test.db.$executeRaw`
      UPDATE sagas SET status = 'parked' WHERE id IN (SELECT id FROM orders WHERE customer_id = 'cus_parked')`
    await test.admin.$executeRaw`ALTER TABLE sagas ENABLE TRIGGER USER`
    await test.db.$executeRaw`
      UPDATE sagas SET updated_at = now() WHERE id IN (SELECT id FROM orders WHERE customer_id = 'cus_slow')`
    await expire()
    expect([await addresses('cus_old'), await addresses('cus_young')]).toEqual([0, 3])
    expect([await addresses('cus_parked'), await addresses('cus_slow')]).toEqual([1, 1])
  })

  it('is looked at by several processes at once, each for other orders, and none waits', async () => {
    await writeEndedOrders(test.db, { customerId: 'cus_pages', count: 600, daysAgo: DAYS + 5 })
    const page = (db: Database) => createPersonalData({ db }).eraseOlderThan(DAYS)
    expect(await inFlight(test.db, page, page)).toEqual({ first: 500, second: 100, hasWaited: false })
    expect(await addresses('cus_pages')).toBe(0)
  })

  it('is looked at without reading the orders that are erased or younger, however many there are', async () => {
    await writeEndedOrders(test.db, { customerId: 'cus_done', count: 5000, daysAgo: DAYS + 9 })
    await writeEndedOrders(test.db, { customerId: 'cus_new', count: 5000, daysAgo: DAYS - 9 })
    await expire()
    const touched = await rowsTouched(test.db, (db) => createPersonalData({ db }).eraseOlderThan(DAYS))
    expect(touched).toBeLessThan(100)
  })
})
