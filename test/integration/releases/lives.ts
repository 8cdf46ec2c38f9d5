import { randomUUID } from 'node:crypto'
import { Client, Connection } from '@temporalio/client'
import pino from 'pino'
import { Registry } from 'prom-client'
import { CONTRACTS } from '../../../api/contracts.ts'
import { createApiServices } from '../../../api/services.ts'
import { FRESH } from '../../../choreography/reaction.ts'
import { createReactions } from '../../../choreography/reactions.ts'
import { reactionsOf } from '../../../choreography/reactor.ts'
import { createOrphans } from '../../../dispatch/orphans.ts'
import { createPersonalData } from '../../../domain/customer/personal-data.ts'
import { createStarts } from '../../../dispatch/starts.ts'
import { sqlOf } from '../../../events/store/sql.ts'
import { perProvider } from '../../../providers.ts'
import { createServices } from '../../../workers/wiring.ts'
import type { OrderWishes } from '../../harness/api-client.ts'
import { openTestPool, type TestDatabase } from '../../harness/database.ts'
import { placeOrderRow } from '../../harness/order-rows.ts'
import { attempt } from '../../harness/steps.ts'
import { startWorld } from '../../harness/world.ts'

/**
 * Lives of sagas, one call after the other, by the services of API and workers: between them they call every function
 * that the application calls, and get every kind of answer that a function gives without another call in progress.
 */
export async function liveThrough({ db, url }: TestDatabase): Promise<void> {
  const world = await startWorld((_request, _response, next) => next())
  const urls = perProvider(() => world.url)
  const { services } = createServices({ db, urls, reach: () => undefined })
  const reads = openTestPool(url, 1)
  const connection = Connection.lazy()
  const api = createApiServices({
    db,
    dispatchDb: db,
    streamDb: db,
    checkDb: db,
    reads,
    client: new Client({ connection }),
    log: pino({ level: 'silent' }),
    queueOf: (participant) => participant,
    workflowTaskTimeoutMs: 4000,
    input: {},
    orphanAfterSeconds: 0,
    metrics: new Registry(),
    providers: urls,
    temporal: { uiUrl: '', namespace: '' },
    intakeMax: 1,
    streamsMax: 1,
    streamsPerAddressMax: 1,
  })
  const { inventory, payment, shipping, loyalty, notification, order, account } = services.steps
  const { order: journal, transfer: transferJournal, return: returnJournal } = services.journals
  const starts = createStarts({ db })
  // Due before it was noted, however the clock rounds.
  const orphans = createOrphans({
    db,
    outlines: Object.fromEntries(CONTRACTS.order.steps),
    afterSeconds: -1,
  })
  const operator = { actor: 'op', reason: 'tested' }
  const place = (wishes: OrderWishes = {}, beforePivot?: string[]) => placeOrderRow(db, wishes, beforePivot)
  const isRefused = () => undefined
  const forward = async (id: string) => {
    await inventory.reserveInventory(id, attempt(1))
    await payment.chargePayment(id, attempt(1))
    await shipping.createShipment(id, attempt(1))
    await loyalty.awardPoints(id, attempt(1))
  }

  const lives: (() => Promise<unknown>)[] = [
    // The first, so that there is no other saga to be found.
    async function orphan() {
      const id = await place()
      const restart = async () => {
        const [saga] = await orphans.take(10)
        if (saga === undefined) throw new Error('The saga is not due')
        for (const _again of [1, 2]) await orphans.restart(saga, 'TERMINATED')
        await starts.started(id)
      }
      await starts.started(id)
      for (const [saga] of [await orphans.take(10)]) if (saga !== undefined) await orphans.foundOpen(saga)
      for (let restarts = 0; restarts < 6; restarts += 1) await restart()
      await orphans.take(10)
      await orphans.summon(id)
      await inventory.reserveInventory(id, attempt(1))
      await journal.beginCompensation(id, { code: 'STEP_FAILED', step: 'chargePayment' })
      await inventory.releaseInventory(id, attempt(1))
      await journal.close(id)
      await orphans.take(10)
    },
    async function completed() {
      const key = randomUUID()
      const id = await place({ key })
      await place({ key })
      await place({ key, service: 'express' }).catch(isRefused)
      for (const sku of ['NO-SUCH', 'OLD-001'])
        await place({ lines: [{ sku, quantity: 1 }] }).catch(isRefused)
      await forward(id)
      await order.completeOrder(id, attempt(1))
      await notification.notifyCustomer(id, attempt(1))
      await forward(id)
      await order.completeOrder(id, attempt(2))
      await notification.notifyCustomer(id, attempt(2))
      await api.journal.cancel(id, 'anonymous')
      await journal.beginCompensation(id, { code: 'STEP_FAILED', step: 'completeOrder' })
    },
    async function cancelledAfterEveryStep() {
      const id = await place()
      await forward(id)
      await api.journal.cancel(id, 'anonymous', 'changed my mind')
      await order.completeOrder(id, attempt(1))
      await journal.beginCompensation(id, { code: 'STEP_FAILED', step: 'completeOrder' })
      await api.journal.cancel(id, 'anonymous')
      for (const again of [1, 2]) {
        await loyalty.revokePoints(id, attempt(again))
        await shipping.cancelShipment(id, attempt(again))
        await payment.refundPayment(id, attempt(again))
        await inventory.releaseInventory(id, attempt(again))
      }
      await journal.beginCompensation(id, { code: 'STEP_FAILED', step: 'completeOrder', detail: 'again' })
      await journal.close(id)
      await journal.close(id)
      await api.journal.cancel(id, 'anonymous')
    },
    async function gift() {
      const id = await place({ giftWrap: true, isShipped: false, lines: [{ sku: 'EBK-001', quantity: 2 }] })
      await place({ isShipped: false }).catch(isRefused)
      await inventory.reserveInventory(id, attempt(1))
      for (const again of [1, 2]) await inventory.wrapGift(id, attempt(again))
      await journal.beginCompensation(id, { code: 'STEP_FAILED', step: 'chargePayment' })
      for (const again of [1, 2]) await inventory.unwrapGift(id, attempt(again))
      await inventory.releaseInventory(id, attempt(1))
      await journal.close(id)
    },
    async function choreographed() {
      const id = await place({ coordination: 'choreography' })
      const sql = sqlOf(reads)
      const reactions = createReactions(sql)
      const [known, steps] = [Object.fromEntries(CONTRACTS.order.steps), [...CONTRACTS.order.steps.keys()]]
      const react = (at: string, type: string) =>
        reactionsOf(at, known).apply(sql, {
          streamId: `order-${id}`,
          version: 1,
          type,
          schemaVersion: 1,
          data: {},
          recordedAt: new Date(),
        })
      const claim = async (at: string) => {
        const [claimed] = await reactions.claim([{ participant: at, limit: 1, again: 1 }], steps, 10)
        if (claimed === undefined) throw new Error(`${at} has nothing to do`)
        return claimed
      }
      for (const _again of [1, 2]) await react('inventory', 'OrderPlaced')
      const reserving = await claim('inventory')
      await reactions.claim([{ participant: 'inventory', limit: 1, again: 1 }], steps, 10)
      await inventory.reserveInventory(id, attempt(1))
      await reactions.end(reserving)
      await reactions.watch(known, 1000, 10, undefined)
      await react('payment', 'InventoryReserved')
      const charging = await claim('payment')
      const waiting = { kind: 'waiting', why: 'BREAKER_OPEN' } as const
      await reactions.defer(charging, 'chargePayment', { ...FRESH, spent: 1 }, 0, waiting)
      await api.journal.cancel(id, 'anonymous')
      await reactions.turnBack(await claim('payment'), { code: 'STEP_FAILED', step: 'chargePayment' })
      await sql.query('SELECT reaction_is_missing($1::uuid, true)', [id])
      await reactions.watch(known, -1, 10, undefined)
      const releasing = await claim('inventory')
      await inventory.releaseInventory(id, attempt(1))
      await reactions.end(releasing)
      await reactions.skip(releasing, 'reserveInventory', 'FAULT')
      await react('inventory', 'InventoryReleased')
    },
    async function outOfStock() {
      const id = await place({ lines: [{ sku: 'NONE-001', quantity: 1 }] })
      for (const again of [1, 2]) await inventory.reserveInventory(id, attempt(again))
      for (const _again of [1, 2]) await journal.noteHeld(id, 'reserveInventory', 'FAULT')
      await api.parking.skip(id, 'reserveInventory', operator)
      await journal.beginCompensation(id, { code: 'OUT_OF_STOCK', step: 'reserveInventory' })
      await journal.noteHeld(id, 'reserveInventory', 'FAULT')
      await journal.close(id)
      await journal.noteHeld(id, 'reserveInventory', 'FAULT')
      await api.journal.cancel(id, 'anonymous')
    },
    async function declined() {
      const id = await place({ paymentMethod: 'pm_declined' })
      await inventory.reserveInventory(id, attempt(1))
      for (const again of [1, 2]) await payment.chargePayment(id, attempt(again))
    },
    async function chargedOtherwise() {
      const id = await place({ paymentMethod: 'pm_partial' })
      await inventory.reserveInventory(id, attempt(1))
      for (const again of [1, 2]) await payment.chargePayment(id, attempt(again))
    },
    async function undoneWhileAway() {
      const id = await place({ paymentMethod: 'pm_pending' })
      await inventory.reserveInventory(id, attempt(1))
      await payment.chargePayment(id, attempt(1))
      await journal.noteWaiting(id, 'chargePayment', 'PENDING')
      await journal.beginCompensation(id, { code: 'DEADLINE_EXCEEDED', step: 'chargePayment' })
      world.kill()
      await payment.refundPayment(id, attempt(1)).catch(isRefused)
      await journal.noteWaiting(id, 'chargePayment', 'BREAKER_OPEN')
      await world.revive()
      await payment.refundPayment(id, attempt(2))
    },
    async function shipmentRefused() {
      const id = await place({ service: 'refused' })
      for (const again of [1, 2]) await shipping.createShipment(id, attempt(again))
    },
    async function providerAway() {
      const id = await place()
      await inventory.reserveInventory(id, attempt(1))
      world.kill()
      await payment.chargePayment(id, attempt(1)).catch(isRefused)
      await shipping.createShipment(id, attempt(1)).catch(isRefused)
      for (const _again of [1, 2]) await journal.noteWaiting(id, 'chargePayment', 'BREAKER_OPEN')
      await world.revive()
      await payment.chargePayment(id, attempt(2))
      await journal.beginCompensation(id, { code: 'DEADLINE_EXCEEDED', step: 'createShipment' })
      await shipping.cancelShipment(id, attempt(1))
    },
    async function parked() {
      const id = await place()
      await inventory.reserveInventory(id, attempt(1))
      await api.parking.retry(id, undefined, operator)
      await api.parking.skip(id, 'reserveInventory', operator)
      for (const _again of [1, 2]) await journal.noteParked(id, 'completeOrder', 'FAULT')
      await api.parking.retry(id, 'completeOrder', operator)
      await api.parking.skip(id, 'completeOrder', operator)
      await journal.beginCompensation(id, { code: 'STEP_FAILED', step: 'completeOrder' })
      await journal.noteParked(id, 'reserveInventory', 'FAULT')
      await api.retryBatches.create({ step: 'reserveInventory' }, 100, operator)
      for (const _wave of [1, 2]) await api.retryBatches.advance()
      await api.parking.skip(id, 'reserveInventory', operator)
      await inventory.releaseInventory(id, attempt(1))
      await journal.close(id)
    },
    async function skipped() {
      const id = await place({}, ['reserveInventory'])
      await inventory.reserveInventory(id, attempt(1))
      await order.completeOrder(id, attempt(1))
      await journal.noteSkipped(id, 'notifyCustomer', 'FAULT')
      await notification.notifyCustomer(id, attempt(1))
    },
    async function heldUp() {
      const held = await place()
      const undone = await place()
      await inventory.reserveInventory(undone, attempt(1))
      await payment.chargePayment(undone, attempt(1))
      await journal.beginCompensation(undone, { code: 'STEP_FAILED', step: 'createShipment' })
      await api.maintenance.change({ intake: 'paused', pausedSteps: ['reserveInventory'] }, operator)
      await place().catch(isRefused)
      await api.transferIntake
        .place('test', randomUUID(), {
          sourceAccountId: 'a',
          destinationAccountId: 'b',
          amountMinor: 1,
          currency: 'EUR',
        })
        .catch(isRefused)
      await inventory.reserveInventory(held, attempt(1))
      await journal.noteWaiting(held, 'reserveInventory', 'PAUSED')
      await api.maintenance.change(
        { intake: 'open', breakers: { payment: 'open' }, pausedSteps: [] },
        operator,
      )
      await api.jobs['steps given back']()
      await inventory.reserveInventory(held, attempt(1))
      await payment.chargePayment(held, attempt(1))
      await payment.refundPayment(undone, attempt(1))
      await journal.noteWaiting(undone, 'chargePayment', 'BREAKER_OPEN')
      await api.maintenance.change({ breakers: { payment: 'auto' } }, operator)
      await payment.refundPayment(undone, attempt(1))
    },
    async function unknown() {
      const id = randomUUID()
      await api.journal.cancel(id, 'anonymous')
      await api.parking.retry(id, undefined, operator)
      await api.parking.skip(id, 'chargePayment', operator)
      await notification.notifyCustomer(id, attempt(1)).catch(isRefused)
      await journal.noteWaiting(id, 'chargePayment', 'BREAKER_OPEN').catch(isRefused)
    },
    async function accountsAndTransfers() {
      const money = { amountMinor: 10_000, currency: 'EUR' }
      const open = { kind: 'open', ownerId: 'cus_alice', currency: 'EUR' } as const
      await api.accounts.execute('acc_a', undefined, [open, { kind: 'deposit', ...money }])
      await api.accounts.execute('acc_b', undefined, [open])
      await api.store.append('account-acc_a', 1, []).catch(isRefused)
      const request = async (amountMinor: number, key = randomUUID() as string) => {
        const wish = { sourceAccountId: 'acc_a', destinationAccountId: 'acc_b', amountMinor, currency: 'EUR' }
        return (await api.transferIntake.place('test', key, wish)).id
      }
      const key = randomUUID()
      const made = await request(2500, key)
      await request(2500, key)
      await request(2501, key).catch(isRefused)
      for (const again of [1, 2]) await account.withdrawMoney(made, attempt(again))
      for (const again of [1, 2]) await account.depositMoney(made, attempt(again))
      const tooMuch = await request(99_999)
      await account.withdrawMoney(tooMuch, attempt(1))
      await transferJournal.beginCompensation(tooMuch, { code: 'REFUSED', step: 'withdrawMoney' })
      await transferJournal.close(tooMuch)
      const returned = await request(100)
      await account.withdrawMoney(returned, attempt(1))
      await transferJournal.beginCompensation(returned, { code: 'REFUSED', step: 'depositMoney' })
      for (const again of [1, 2]) await account.returnMoney(returned, attempt(again))
      await transferJournal.close(returned)
    },
    async function returns() {
      const id = await place({ lines: [{ sku: 'TEA-001', quantity: 10 }] })
      const ask = async (quantity?: number, key: string = randomUUID()) => {
        const lines = quantity === undefined ? undefined : [{ sku: 'TEA-001', quantity }]
        return (await api.returnIntake.request('test', key, id, { reason: 'It leaks.', lines })).id
      }
      await ask(1).catch(isRefused)
      await forward(id)
      await order.completeOrder(id, attempt(1))
      const key = randomUUID()
      const small = await ask(1, key)
      await ask(1, key)
      await ask(2, key).catch(isRefused)
      await ask(10).catch(isRefused)
      const large = await ask(5)
      const refused = await ask(3)
      for (const decision of ['approved', 'approved', 'refused'] as const)
        await api.returnMessages.decide(large, decision, operator)
      await inventory.restockReturn(large, attempt(1))
      await api.returnMessages.decide(refused, 'refused', operator)
      await api.returnMessages.decide(randomUUID(), 'refused', operator)
      await inventory.restockReturn(refused, attempt(1))
      await returnJournal.beginCompensation(refused, { code: 'RETURN_REFUSED', step: 'restockReturn' })
      await returnJournal.close(refused)
      for (const _again of [1, 2]) await api.returnMessages.claimParcelFeed(-1)
      for (const _again of [1, 2]) await api.returnMessages.parcelsReceived([large, randomUUID()], '2', -1)
      for (const again of [1, 2]) {
        await inventory.restockReturn(large, attempt(again))
        await loyalty.revokeReturnPoints(large, attempt(again))
        await payment.refundReturn(large, attempt(again))
      }
      await api.returnMessages.parcelsReceived([small, large, refused], '3', -1)
      // Nobody looked until its time was over.
      await returnJournal.beginCompensation(small, { code: 'DEADLINE_EXCEEDED', step: 'restockReturn' })
      await loyalty.revokeReturnPoints(small, attempt(1))
      await payment.refundReturn(small, attempt(1))
      const expired = await ask()
      await returnJournal.beginCompensation(expired, { code: 'DEADLINE_EXCEEDED', step: 'restockReturn' })
      await returnJournal.close(expired)
      await api.returnMessages.decide(expired, 'approved', operator)
      await api.loyalty.account('cus_alice', { limit: 1 })
      await api.maintenance.change({ intake: 'paused' }, operator)
      await ask().catch(isRefused)
      await api.maintenance.change({ intake: 'open' }, operator)
    },
    // The last, since some orders of its customer are open, and looked at again: later than anything here takes.
    async function erased() {
      const dueAtOnce = createPersonalData({ db, pauseSeconds: -1 })
      await api.personalData.eraseOlderThan(1)
      for (const customerId of ['cus_alice', 'cus_alice', 'cus_nobody'])
        await dueAtOnce.wishErasure(customerId)
      await createPersonalData({ db, pauseSeconds: 3600 }).eraseWished()
    },
  ]
  try {
    for (const life of lives) await life()
  } finally {
    world.kill()
    await connection.close()
    await reads.end()
  }
}
