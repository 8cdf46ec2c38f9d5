import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createParking } from '../../domain/operations/parking.ts'
import { createOrderJournal } from '../../domain/order/journal.ts'
import { chargePayment } from '../../domain/payment/charge-payment.ts'
import { createProviderFence } from '../../domain/saga/provider-fence.ts'
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

const ports = () => ({ fence: chargePayment.fenceOn(test.db), reach: () => undefined })

type Gateway = Parameters<typeof chargePayment.bindTo>[0]

const EFFECT = { id: 'ch_1', amountMinor: 1590, currency: 'EUR' }
const REFUNDED_ONE = { kind: 'undone', undone: { ...EFFECT, amountMinor: 1 } } as const
const DECLINED = { kind: 'refused', code: 'INSUFFICIENT_FUNDS', detail: 'no' } as const

/** A gateway whose creating calls are answered when the test says so, each with its own effect. */
function forgetfulGateway() {
  const created: string[] = []
  const state = new Map<string, typeof EFFECT | 'void'>()
  const answers: ((answer: 'charge' | 'decline' | 'lose', effect?: typeof EFFECT) => void)[] = []
  const live = (key: string) => {
    const found = state.get(key)
    return found === 'void' ? undefined : found
  }
  const gateway: Gateway = {
    async create(key) {
      const { answer, effect } = await new Promise<{ answer: string; effect: typeof EFFECT }>((resolve) =>
        answers.push((itsAnswer, itsEffect = EFFECT) => resolve({ answer: itsAnswer, effect: itsEffect })),
      )
      if (state.get(key) === 'void') return { kind: 'voided' }
      if (answer === 'decline') return DECLINED
      created.push(key)
      state.set(key, effect)
      if (answer === 'lose') throw new Error('the connection was lost')
      return { kind: 'ok', effect }
    },
    async find(key) {
      const effect = live(key)
      return effect === undefined ? undefined : { kind: 'ok', effect }
    },
    async makeFinal(key) {
      const undone = live(key)
      state.set(key, 'void')
      return { kind: 'ok', effect: undone === undefined ? { kind: 'nothing' } : { kind: 'undone', undone } }
    },
  }
  return {
    gateway,
    created,
    live: () => [...state.keys()].filter((key) => live(key) !== undefined).length,
    /** The n-th creating call, once it has arrived. */
    call: (n: number) => until(`call ${n}`, () => answers[n]),
  }
}

async function setUp() {
  const id = await placeOrderRow(test.db)
  const provider = forgetfulGateway()
  const payment = chargePayment.bindTo(provider.gateway, ports())
  const journal = createOrderJournal({ db: test.db })
  await attemptStep(test.db, 'reserveInventory', id)
  const turnBack = () => journal.beginCompensation(id, { code: 'STEP_FAILED', step: 'chargePayment' })
  return { id, provider, payment, journal, turnBack }
}

const lastEvent = (id: string) =>
  test.db.event.findFirst({ where: { streamId: `order-${id}` }, orderBy: { version: 'desc' } })

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

  it('that is refused undoes what another attempt did that died before it recorded it', async () => {
    const { id, provider, payment, turnBack } = await setUp()
    const first = payment.chargePayment(id, attempt(1))
    const decline = await provider.call(0)
    const second = payment.chargePayment(id, attempt(2))
    ;(await provider.call(1))('lose')
    await expect(second).rejects.toThrow('the connection was lost')
    expect(provider.live()).toBe(1)
    decline('decline')
    expect(await first).toMatchObject({ kind: 'refused', code: 'INSUFFICIENT_FUNDS' })
    expect([provider.created.length, provider.live()]).toEqual([1, 0])
    expect(await turnBack()).toMatchObject({ undo: ['reserveInventory'] })
  })

  it('that was refused and died while it made sure of it is refused by the next, which asks for nothing', async () => {
    const { id, provider, payment } = await setUp()
    const dying = chargePayment.bindTo(
      { ...provider.gateway, makeFinal: () => Promise.reject(new Error('the process died')) },
      ports(),
    )
    const first = payment.chargePayment(id, attempt(1))
    ;(await provider.call(0))('lose', { ...EFFECT, amountMinor: 1 })
    await expect(first).rejects.toThrow('the connection was lost')
    await expect(dying.chargePayment(id, attempt(2))).rejects.toThrow('the process died')
    await expect(dying.chargePayment(id, attempt(3))).rejects.toThrow('the process died')
    expect(await fenceState(test.db, id, 'chargePayment')).toBe('intended')
    expect(await payment.chargePayment(id, attempt(4))).toMatchObject({ code: 'PROVIDER_MISMATCH' })
    expect([provider.created.length, provider.live()]).toEqual([1, 0])
    expect((await lastEvent(id))?.data).toEqual({
      key: `order:${id}:chargePayment`,
      providerRef: 'ch_1',
      amountMinor: 1,
      currency: 'EUR',
    })
  })

  it('whose refusal could not be made sure of turns its order back for that, and leaves the effect to the undo', async () => {
    const { id, provider, payment, turnBack } = await setUp()
    const first = payment.chargePayment(id, attempt(1))
    ;(await provider.call(0))('lose', { ...EFFECT, currency: 'USD' })
    await expect(first).rejects.toThrow('the connection was lost')
    const mistaken = chargePayment.bindTo(
      {
        ...provider.gateway,
        makeFinal: async () => ({ kind: 'refused', code: 'NO_REFUNDS', detail: 'no' }),
      },
      ports(),
    )
    await expect(mistaken.chargePayment(id, attempt(2))).rejects.toThrow(/cannot be undone/)
    expect(await turnBack()).toMatchObject({
      reason: { code: 'PROVIDER_MISMATCH', step: 'chargePayment' },
      undo: ['reserveInventory', 'chargePayment'],
    })
    expect(await payment.refundPayment(id, attempt(1))).toEqual({ kind: 'done' })
    expect(provider.live()).toBe(0)
    expect(await lastEvent(id)).toMatchObject({ type: 'PaymentRefunded', data: { currency: 'USD' } })
  })

  it('that made sure of its refusal after its order had turned back leaves the record of it to the undo', async () => {
    const { id, provider, payment, turnBack } = await setUp()
    const slow = chargePayment.bindTo(
      {
        ...provider.gateway,
        makeFinal: async (...call) => (await turnBack(), provider.gateway.makeFinal(...call)),
      },
      ports(),
    )
    const charging = slow.chargePayment(id, attempt(1))
    ;(await provider.call(0))('charge', { ...EFFECT, amountMinor: 1 })
    expect(await charging).toMatchObject({ kind: 'refused', code: 'PROVIDER_MISMATCH' })
    expect(await fenceState(test.db, id, 'chargePayment')).toBe('intended')
    const again = chargePayment.bindTo(
      { ...provider.gateway, makeFinal: async () => ({ kind: 'ok', effect: REFUNDED_ONE }) },
      ports(),
    )
    await expect(payment.refundPayment(id, attempt(1))).rejects.toMatchObject({ code: 'PROVIDER_MISMATCH' })
    expect(await again.refundPayment(id, attempt(2))).toEqual({ kind: 'done' })
    expect(await lastEvent(id)).toMatchObject({ type: 'PaymentRefunded', data: { amountMinor: 1 } })
  })

  it('that finds its key final by another hand fails its order, and asks for nothing', async () => {
    const { id, provider, payment, turnBack } = await setUp()
    await provider.gateway.makeFinal(`order:${id}:chargePayment`, 'by-hand', attempt(1))
    const charging = payment.chargePayment(id, attempt(1))
    ;(await provider.call(0))('charge')
    expect(await charging).toMatchObject({ kind: 'refused', code: 'STEP_FAILED' })
    expect(await fenceState(test.db, id, 'chargePayment')).toBe('refused')
    expect([provider.created, await turnBack()]).toMatchObject([[], { undo: ['reserveInventory'] }])
  })

  it('that has its effect after the compensation began, and before the undo came to it, undoes it itself', async () => {
    const { id, provider, payment, journal, turnBack } = await setUp()
    const late = payment.chargePayment(id, attempt(1))
    const release = await provider.call(0)
    await turnBack()
    await journal.noteParked(id, 'chargePayment', 'TIMEOUT')
    await attemptStep(test.db, 'releaseInventory', id)
    release('charge')
    expect(await late).toMatchObject({ kind: 'refused', code: 'STEP_FAILED' })
    expect([provider.created.length, provider.live()]).toEqual([1, 0])
    expect((await eventTypes(test.db, id)).slice(-2)).toEqual(['InventoryReleased', 'PaymentRefunded'])
    expect(await fenceState(test.db, id, 'chargePayment')).toBe('undone')
    expect((await sagaRow(test.db, id)).status).toBe('compensating')
  })
})

describe('an undo of a charge', () => {
  /** A charge of an order that has turned back; the gateway then says that this is what its key has come to. */
  async function undoing(final: { kind: 'nothing' } | { kind: 'undone'; undone: typeof EFFECT }) {
    const { id, provider, payment, turnBack } = await setUp()
    const charging = payment.chargePayment(id, attempt(1))
    ;(await provider.call(0))('charge')
    await charging
    await turnBack()
    const lying = chargePayment.bindTo(
      { ...provider.gateway, makeFinal: async () => ({ kind: 'ok', effect: final }) },
      ports(),
    )
    const charge = async () => (await test.db.charge.findFirst({ where: { orderId: id } }))?.state
    return { id, payment, lying, charge }
  }

  it.each([
    { what: 'there is nothing to undo', final: { kind: 'nothing' } as const },
    { what: 'less was refunded', final: REFUNDED_ONE },
    {
      what: 'another currency was refunded',
      final: { kind: 'undone', undone: { ...EFFECT, currency: 'USD' } } as const,
    },
  ])('is no undo when the gateway says that $what: it is a fault, and tried again', async ({ final }) => {
    const { id, payment, lying, charge } = await undoing(final)
    await expect(lying.refundPayment(id, attempt(1))).rejects.toMatchObject({ code: 'PROVIDER_MISMATCH' })
    expect([await fenceState(test.db, id, 'chargePayment'), await charge()]).toEqual(['undoing', 'live'])
    expect(await payment.refundPayment(id, attempt(2))).toEqual({ kind: 'done' })
    expect([await fenceState(test.db, id, 'chargePayment'), await charge()]).toEqual(['undone', 'refunded'])
  })

  it('that was never recorded is believed when it finds nothing, and its event names the key', async () => {
    const { id, provider, payment, turnBack } = await setUp()
    const silent = chargePayment.bindTo(
      { ...provider.gateway, create: async () => ({ kind: 'unavailable' }) },
      ports(),
    )
    await silent.chargePayment(id, attempt(1))
    await turnBack()
    expect(await payment.refundPayment(id, attempt(1))).toEqual({ kind: 'done' })
    const key = `order:${id}:chargePayment`
    expect(await lastEvent(id)).toMatchObject({ type: 'PaymentVoided', data: { key } })
  })
})

describe('an undo that an operator would write off while it is under way', () => {
  const operator = { actor: 'op', reason: 'refunded by hand' }

  /** A charge whose undo is parked, and under way: `release` lets it go on, `lose` lets it fail. */
  async function undoing() {
    const { id, provider, payment, journal, turnBack } = await setUp()
    const charging = payment.chargePayment(id, attempt(1))
    ;(await provider.call(0))('charge')
    await charging
    await turnBack()
    await journal.noteParked(id, 'chargePayment', 'PROVIDER_ERROR')
    let release = (): void => undefined
    let lose = (_error: Error): void => undefined
    const held = new Promise<void>((resolve, reject) => {
      release = resolve
      lose = reject
    })
    const slow = chargePayment.bindTo(
      {
        ...provider.gateway,
        makeFinal: async (...call) => (await held, provider.gateway.makeFinal(...call)),
      },
      ports(),
    )
    const attempting = slow.refundPayment(id, attempt(1))
    const entries = async () => (await sagaRow(test.db, id)).fences.flatMap(({ undoEntries }) => undoEntries)
    await until('the undo to be noted', async () => ((await entries()).length > 0 ? true : undefined))
    const skip = () => createParking({ db: test.db }).skip(id, 'chargePayment', operator)
    return { id, attempting, entries, skip, release, lose }
  }

  it('is not skipped before the attempt is over', async () => {
    const { attempting, entries, skip, lose } = await undoing()
    expect(await skip()).toBe('in_progress')
    lose(new Error('the connection was lost'))
    await expect(attempting).rejects.toThrow('the connection was lost')
    expect(await entries()).toEqual([])
    expect(await skip()).toBe('accepted')
  })

  it('is skipped ten seconds after its process was killed, and recorded all the same when it succeeds', async () => {
    const { id, attempting, skip, release } = await undoing()
    await test.db.$executeRaw`
      UPDATE step_fences SET undo_entries = ARRAY[clock_timestamp() - interval '11 seconds'] WHERE saga_id = ${id}::uuid`
    expect(await skip()).toBe('accepted')
    release()
    expect(await attempting).toEqual({ kind: 'done' })
    expect(await fenceState(test.db, id, 'chargePayment')).toBe('undone')
    expect(
      (await sagaRow(test.db, id)).fences.find(({ step }) => step === 'chargePayment')?.skippedAt,
    ).not.toBeNull()
    expect((await test.db.charge.findFirst({ where: { orderId: id } }))?.state).toBe('refunded')
    expect((await eventTypes(test.db, id)).slice(-2)).toEqual(['CompensationSkipped', 'PaymentRefunded'])
  })
})

describe('the judge', () => {
  const SENT = { state: 'done', effect: { id: 'gift_1' }, event: 'GiftSent', data: { key: 'k' } } as const
  const fenceOf = (kind: 'pivot' | 'retriable') =>
    createProviderFence(
      {
        name: 'sendGift',
        kind,
        provider: 'shipping',
        request: `SELECT jsonb_build_object('parcel', 1) AS request FROM orders WHERE id = $1::uuid`,
        undo: {},
      },
      test.db,
    )

  /** Completes an order whose pivot asks for nothing. */
  async function completeWithout(id: string) {
    await test.db.$executeRaw`UPDATE sagas SET before_pivot = '{}' WHERE id = ${id}::uuid`
    await attemptStep(test.db, 'completeOrder', id)
  }

  it('completes no order without its charge, whatever a person has answered for it by hand', async () => {
    const { id } = await setUp()
    expect(await attemptStep(test.db, 'completeOrder', id)).toEqual({
      kind: 'refused',
      code: 'STEP_FAILED',
      detail: 'chargePayment is not done',
    })
    expect((await sagaRow(test.db, id)).status).toBe('processing')
  })

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
    await completeWithout(id)
    await journal.noteSkipped(id, 'notifyCustomer', 'FAULT')
    expect(await attemptStep(test.db, 'notifyCustomer', id)).toEqual({ kind: 'done' })
    expect(await test.db.notification.count({ where: { orderId: id } })).toBe(0)
  })

  it('takes a retriable step at a provider once the order is completed, and not before', async () => {
    const { id } = await setUp()
    const fence = fenceOf('retriable')
    expect(await fence.intend(id, 1)).toMatchObject({ verdict: 'refused', answer: { code: 'SAGA_CLOSED' } })
    await completeWithout(id)
    expect(await fence.intend(id, 1)).toMatchObject({ verdict: 'go', request: { parcel: 1 } })
    expect(await fence.conclude(id, 'k', 1, SENT)).toMatchObject({ verdict: 'concluded' })
    expect(await fenceState(test.db, id, 'sendGift')).toBe('done')
    expect((await sagaRow(test.db, id)).status).toBe('completed')
  })

  it('takes a pivot at a provider only when all before it is done, and it completes the order', async () => {
    const { id } = await setUp()
    const fence = fenceOf('pivot')
    const missing = { code: 'STEP_FAILED', detail: 'chargePayment is not done' }
    expect(await fence.intend(id, 1)).toMatchObject({ verdict: 'refused', answer: missing })
    await test.db.$executeRaw`UPDATE sagas SET before_pivot = '{}' WHERE id = ${id}::uuid`
    expect(await fence.intend(id, 1)).toMatchObject({ verdict: 'go' })
    expect((await sagaRow(test.db, id)).status).toBe('processing')
    expect(await fence.conclude(id, 'k', 1, SENT)).toMatchObject({ verdict: 'concluded' })
    expect((await sagaRow(test.db, id)).status).toBe('completed')
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
