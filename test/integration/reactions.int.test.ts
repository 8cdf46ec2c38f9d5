import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createReactions, type Reactions } from '../../choreography/reactions.ts'
import { FRESH } from '../../choreography/reaction.ts'
import { sqlOf } from '../../events/store/sql.ts'
import { ORDER_SAGA } from '../../workflows/order/contract.ts'
import { openTestPool, type TestDatabase } from '../harness/database.ts'
import { eventTypes, placeOrderRow, sagaRow } from '../harness/order-rows.ts'
import { createTestDatabase } from '../harness/start.ts'

/** The statements of choreography, without the processes that call them. */
let test: TestDatabase
let pool: ReturnType<typeof openTestPool>
let reactions: Reactions
beforeAll(async () => {
  test = await createTestDatabase()
  pool = openTestPool(test.url, 2)
  reactions = createReactions(sqlOf(pool))
})
afterAll(async () => {
  await pool.end()
  await test.close()
})

const outlines = Object.fromEntries(ORDER_SAGA.steps)
const definitions = Object.keys(outlines)
const watch = async () => (await reactions.watch(outlines, 30, 100, undefined)).looked
const place = () => placeOrderRow(test.db, { coordination: 'choreography' })
const activitiesOf = async (id: string) =>
  (await test.db.reaction.findMany({ where: { sagaId: id }, orderBy: { activity: 'asc' } })).map(
    ({ activity }) => activity,
  )
const note = (id: string, activity: string, participant: string, progress: object = {}) =>
  test.db.reaction.create({ data: { sagaId: id, activity, participant, progress } })
const fence = (sagaId: string, step: string, state: 'intended' | 'done') =>
  test.db.stepFence.create({ data: { sagaId, step, state, ...(state === 'done' ? { answer: {} } : {}) } })
const park = (sagaId: string, step: string) =>
  test.db.$queryRaw`SELECT 1 FROM saga_note_parked(${sagaId}::uuid, ${step}, 'X')`
const turnBack = (id: string) =>
  test.db.$queryRaw`SELECT 1 FROM saga_begin_compensation(${id}::uuid, 'STEP_FAILED', 'createShipment', NULL)`
/** As if nothing had happened to it for an hour. */
const leave = (id: string) =>
  test.db.saga.update({ where: { id }, data: { updatedAt: new Date(Date.now() - 3_600_000) } })
const pass = (id: string) =>
  test.db.saga.update({ where: { id }, data: { deadlineAt: new Date(Date.now() - 1000) } })
const claim = async (participant: string, id: string, seconds = 10) => {
  const claimed = await reactions.claim([{ participant, limit: 100, again: 100 }], definitions, seconds)
  const found = claimed.find(({ sagaId }) => sagaId === id)
  if (found === undefined) throw new Error(`No reaction of ${id} was due at ${participant}`)
  return found
}

describe('the watchdog', () => {
  it('notes an undo that was lost while another one is parked, and leaves those alone that have theirs', async () => {
    const id = await place()
    await fence(id, 'reserveInventory', 'done')
    await fence(id, 'chargePayment', 'done')
    await turnBack(id)
    await park(id, 'chargePayment')
    await note(id, 'refundPayment', 'payment', { ...FRESH, isParked: true })
    expect(await watch()).toBe(0)
    await leave(id)
    expect(await watch()).toBe(1)
    expect(await activitiesOf(id)).toEqual(['refundPayment', 'releaseInventory'])
    await leave(id)
    expect(await watch()).toBe(0)
  })

  it('has nothing to do for an order all of whose undos are parked and noted', async () => {
    const id = await place()
    await fence(id, 'chargePayment', 'done')
    await turnBack(id)
    await park(id, 'chargePayment')
    await note(id, 'refundPayment', 'payment', { ...FRESH, isParked: true })
    await leave(id)
    expect(await watch()).toBe(0)
  })

  it('is not kept from an order by a hundred whose pivot is awaited', async () => {
    for (let made = 0; made < 100; made += 1) {
      const awaited = await place()
      await note(awaited, 'completeOrder', 'order', { ...FRESH, isTried: true })
      for (const step of ['reserveInventory', 'chargePayment', 'createShipment', 'awardPoints'])
        await fence(awaited, step, 'done')
      await pass(awaited)
    }
    const late = await place()
    await pass(late)
    await watch()
    expect(await sagaRow(test.db, late)).toMatchObject({
      status: 'rejected',
      reasonCode: 'DEADLINE_EXCEEDED',
    })
  })
})

describe('the watchdog, over more orders than it looks at in one go', () => {
  it('comes to each of those that were lost, and passes over those that have their reaction', async () => {
    const before = await place()
    const own: string[] = []
    for (let made = 0; made < 5; made += 1) own.push(await place())
    for (const id of own.slice(0, 4)) await note(id, 'reserveInventory', 'inventory')
    for (const id of own) await leave(id)
    const reached: (string | undefined)[] = []
    let from: string | undefined = before
    for (let page = 0; page < 3; page += 1) {
      ;({ reached: from } = await reactions.watch(outlines, 30, 2, from))
      reached.push(from)
    }
    expect(reached).toEqual([own[1], own[3], undefined])
    expect(await activitiesOf(own[4] as string)).toEqual(['reserveInventory'])
  })
})

describe('a process that has lost its claim', () => {
  it('notes no wait for a step that was turned back from meanwhile', async () => {
    const id = await place()
    await fence(id, 'chargePayment', 'intended')
    await note(id, 'chargePayment', 'payment')
    const claimed = await claim('payment', id)
    await pass(id)
    await watch()
    await reactions.defer(claimed, 'chargePayment', FRESH, 1000, { kind: 'waiting', why: 'BREAKER_OPEN' })
    expect(await eventTypes(test.db, id)).toEqual(['OrderPlaced', 'CompensationBegun'])
    expect(await sagaRow(test.db, id)).toMatchObject({ fences: [{ waitingFor: null }] })
  })

  it('parks no undo that another process has claimed', async () => {
    const id = await place()
    await fence(id, 'chargePayment', 'done')
    await turnBack(id)
    await note(id, 'refundPayment', 'payment')
    const frozen = await claim('payment', id, 0)
    const other = await claim('payment', id)
    const parked = { kind: 'parked', why: 'X' } as const
    await reactions.defer(frozen, 'chargePayment', FRESH, 1000, parked)
    expect(await sagaRow(test.db, id)).toMatchObject({ status: 'compensating' })
    await reactions.defer(other, 'chargePayment', FRESH, 1000, parked)
    expect(await sagaRow(test.db, id)).toMatchObject({ status: 'parked' })
  })

  it('skips no step that another process has claimed', async () => {
    const id = await place()
    await note(id, 'notifyCustomer', 'notification')
    const frozen = await claim('notification', id, 0)
    const other = await claim('notification', id)
    await reactions.skip(frozen, 'notifyCustomer', 'X')
    expect([(await sagaRow(test.db, id)).fences, await activitiesOf(id)]).toEqual([[], ['notifyCustomer']])
    await reactions.skip(other, 'notifyCustomer', 'X')
    expect(await sagaRow(test.db, id)).toMatchObject({ fences: [{ state: 'skipped', parkedError: 'X' }] })
    expect(await activitiesOf(id)).toEqual([])
  })
})

describe('reactions that are due', () => {
  it('are claimed in no greater number than there is room, and only so many of those that were tried before', async () => {
    for (let made = 0; made < 4; made += 1) {
      await note(await place(), 'awardPoints', 'loyalty')
      await note(await place(), 'awardPoints', 'loyalty', { ...FRESH, waits: 1 })
    }
    const take = async (limit: number, again: number) => {
      const claimed = await reactions.claim([{ participant: 'loyalty', limit, again }], definitions, 10)
      return [claimed.length, claimed.filter(({ progress }) => progress.waits === 1).length]
    }
    expect(await take(3, 0)).toEqual([3, 0])
    expect(await take(2, 1)).toEqual([2, 1])
    expect(await take(10, 2)).toEqual([2, 2])
    expect(await take(10, 10)).toEqual([1, 1])
  })
})

describe('a step that is done', () => {
  it('turns no order back, although its last attempt was lost after it', async () => {
    const id = await place()
    await fence(id, 'reserveInventory', 'done')
    await note(id, 'reserveInventory', 'inventory')
    const claimed = await claim('inventory', id)
    await reactions.turnBack(claimed, { code: 'STEP_FAILED', step: 'reserveInventory', detail: 'TIMEOUT' })
    expect(await sagaRow(test.db, id)).toMatchObject({ status: 'pending', reasonCode: null })
    expect(await activitiesOf(id)).toEqual([])
  })
})
