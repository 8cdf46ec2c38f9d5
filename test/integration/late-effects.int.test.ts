import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createParking } from '../../domain/operations/parking.ts'
import { createOrderJournal } from '../../domain/order/journal.ts'
import { chargePayment } from '../../domain/payment/charge-payment.ts'
import type { TestDatabase } from '../harness/database.ts'
import { eventTypes, fenceState, placeOrderRow, sagaRow } from '../harness/order-rows.ts'
import { until } from '../harness/poll.ts'
import { createTestDatabase } from '../harness/start.ts'
import { attempt, attemptStep } from '../harness/steps.ts'

/** The rules of a provider step against a gateway that is worse than the sandbox: it does not know a key again. */
let test: TestDatabase
beforeAll(async () => {
  test = await createTestDatabase()
})
afterAll(() => test.close())

type Gateway = Parameters<typeof chargePayment.bindTo>[0]

const EFFECT = { id: 'ch_1', amountMinor: 1590, currency: 'EUR' }
const DECLINED = { kind: 'refused', code: 'INSUFFICIENT_FUNDS', detail: 'no' } as const

/** A gateway whose creating calls are answered when the test says so, each with its own effect. */
function forgetfulGateway() {
  const created: string[] = []
  const state = new Map<string, 'live' | 'void'>()
  const answers: ((answer: 'charge' | 'decline' | 'lose') => void)[] = []
  const gateway: Gateway = {
    async create(key) {
      const answer = await new Promise<'charge' | 'decline' | 'lose'>((resolve) => answers.push(resolve))
      if (state.get(key) === 'void') return { kind: 'voided' }
      if (answer === 'decline') return DECLINED
      created.push(key)
      state.set(key, 'live')
      if (answer === 'lose') throw new Error('the connection was lost')
      return { kind: 'ok', effect: EFFECT }
    },
    async find(key) {
      return state.get(key) === 'live' ? { kind: 'ok', effect: EFFECT } : undefined
    },
    async makeFinal(key) {
      const was = state.get(key)
      state.set(key, 'void')
      const effect =
        was === 'live' ? { kind: 'undone' as const, undone: EFFECT } : { kind: 'nothing' as const }
      return { kind: 'ok', effect }
    },
  }
  return {
    gateway,
    created,
    live: () => [...state.values()].filter((now) => now === 'live').length,
    /** The n-th creating call, once it has arrived. */
    call: (n: number) => until(`call ${n}`, () => answers[n]),
  }
}

async function setUp() {
  const id = await placeOrderRow(test.db)
  const provider = forgetfulGateway()
  const payment = chargePayment.bindTo(provider.gateway, { db: test.db, reach: () => undefined })
  const journal = createOrderJournal({ db: test.db })
  await attemptStep(test.db, 'reserveInventory', id)
  const turnBack = () => journal.beginCompensation(id, { code: 'STEP_FAILED', step: 'chargePayment' })
  return { id, provider, payment, journal, turnBack }
}

describe('an attempt at a provider step', () => {
  it('asks by key before it sends again, so that a provider that knows no key again acts once', async () => {
    const { id, provider, payment } = await setUp()
    const lost = payment.chargePayment(id, attempt(1))
    ;(await provider.call(0))('lose')
    await expect(lost).rejects.toThrow('the connection was lost')
    expect(await payment.chargePayment(id, attempt(2))).toEqual({ kind: 'done' })
    expect(provider.created).toHaveLength(1)
  })

  it('that is refused leaves nothing to an earlier one whose request is still under way', async () => {
    const { id, provider, payment, journal, turnBack } = await setUp()
    const early = payment.chargePayment(id, attempt(1))
    const release = await provider.call(0)
    const second = payment.chargePayment(id, attempt(2))
    ;(await provider.call(1))('decline')
    expect(await second).toMatchObject({ kind: 'refused', code: 'INSUFFICIENT_FUNDS' })
    expect(await turnBack()).toMatchObject({ undo: ['reserveInventory'] })
    release('charge')
    expect(await early).toMatchObject({ kind: 'refused' })
    await attemptStep(test.db, 'releaseInventory', id)
    expect(await journal.close(id)).toEqual({ status: 'rejected' })
    expect([provider.created, provider.live()]).toEqual([[], 0])
  })

  it('that has its effect after another was refused undoes it itself', async () => {
    const { id, provider, payment } = await setUp()
    const first = payment.chargePayment(id, attempt(1))
    const decline = await provider.call(0)
    const second = payment.chargePayment(id, attempt(2))
    const charge = await provider.call(1)
    decline('decline')
    expect(await first).toMatchObject({ kind: 'refused', code: 'INSUFFICIENT_FUNDS' })
    charge('charge')
    expect(await second).toMatchObject({ kind: 'refused' })
    expect([provider.created.length, provider.live()]).toEqual([1, 0])
  })

  it('that has its effect after the compensation began, and before the undo came to it, undoes it itself', async () => {
    const { id, provider, payment, journal, turnBack } = await setUp()
    const late = payment.chargePayment(id, attempt(1))
    const release = await provider.call(0)
    await turnBack()
    await journal.noteParked(id, 'chargePayment', 'TIMEOUT')
    await attemptStep(test.db, 'releaseInventory', id)
    release('charge')
    expect(await late).toMatchObject({ kind: 'refused', code: 'STEP_UNDONE' })
    expect([provider.created.length, provider.live()]).toEqual([1, 0])
    expect((await eventTypes(test.db, id)).at(-1)).toBe('InventoryReleased')
    expect(await fenceState(test.db, id, 'chargePayment')).toBe('undoing')
    expect((await sagaRow(test.db, id)).status).toBe('parked')
  })
})

describe('an undo that an operator writes off while it is under way', () => {
  it('is recorded all the same when it succeeds', async () => {
    const { id, provider, payment, journal, turnBack } = await setUp()
    const charging = payment.chargePayment(id, attempt(1))
    ;(await provider.call(0))('charge')
    await charging
    await turnBack()
    await journal.noteParked(id, 'chargePayment', 'PROVIDER_ERROR')
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const slow = chargePayment.bindTo(
      {
        ...provider.gateway,
        makeFinal: async (...call) => (await held, provider.gateway.makeFinal(...call)),
      },
      { db: test.db, reach: () => undefined },
    )
    const undoing = slow.refundPayment(id, attempt(1))
    await until('the undo to be marked', async () =>
      (await sagaRow(test.db, id)).fences.some(({ undoAttempts }) => undoAttempts > 0) ? true : undefined,
    )
    const operator = { actor: 'op', reason: 'refunded by hand' }
    expect(await createParking({ db: test.db }).skip(id, 'chargePayment', operator)).toBe('accepted')
    release()
    expect(await undoing).toEqual({ kind: 'done' })
    expect(await fenceState(test.db, id, 'chargePayment')).toBe('undone')
    expect((await test.db.charge.findFirst({ where: { orderId: id } }))?.state).toBe('refunded')
    expect((await eventTypes(test.db, id)).slice(-2)).toEqual(['CompensationSkipped', 'PaymentRefunded'])
  })
})

describe('the judge', () => {
  it('admits no forward step of an order that is parked on its way back', async () => {
    const { id, journal, turnBack, provider, payment } = await setUp()
    await turnBack()
    await journal.noteParked(id, 'reserveInventory', 'DATABASE')
    expect((await sagaRow(test.db, id)).status).toBe('parked')
    expect(await payment.chargePayment(id, attempt(1))).toMatchObject({
      kind: 'refused',
      code: 'STEP_FAILED',
    })
    expect(provider.created).toEqual([])
  })

  it('admits no step after the pivot before the order is completed', async () => {
    const { id } = await setUp()
    expect(await attemptStep(test.db, 'notifyCustomer', id)).toMatchObject({ kind: 'refused' })
    expect(await test.db.notification.count({ where: { orderId: id } })).toBe(0)
  })

  it('takes a step after the pivot that was left out for settled, so that its saga can end', async () => {
    const { id, journal } = await setUp()
    await attemptStep(test.db, 'completeOrder', id)
    await journal.noteSkipped(id, 'notifyCustomer', 'FAULT')
    expect(await attemptStep(test.db, 'notifyCustomer', id)).toEqual({ kind: 'done' })
    expect(await test.db.notification.count({ where: { orderId: id } })).toBe(0)
  })

  it('undoes nothing of an order that has not turned back', async () => {
    const { id } = await setUp()
    await expect(attemptStep(test.db, 'releaseInventory', id)).rejects.toThrow(/is not compensating/)
    expect(await fenceState(test.db, id, 'reserveInventory')).toBe('done')
  })

  it('closes no order that still owes a compensation', async () => {
    const { id, journal, turnBack } = await setUp()
    await turnBack()
    await expect(journal.close(id)).rejects.toThrow(/still to undo: reserveInventory/)
    expect((await sagaRow(test.db, id)).status).toBe('compensating')
  })
})
