import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  createReactors,
  participantsOf,
  reactionsOf,
  reactorName,
  reporting,
} from '../../choreography/reactor.ts'
import { toEnvelope, type EventEnvelope } from '../../events/broker/envelope.ts'
import type { OnTrouble } from '../../events/broker/transport.ts'
import { dueLetters, retryDueLetters } from '../../events/inbox/dead-letter-retries.ts'
import { setAside } from '../../events/inbox/dead-letters.ts'
import { GAP } from '../../events/inbox/effect.ts'
import { sqlOf } from '../../events/store/sql.ts'
import { ORDER_SAGA } from '../../workflows/order/contract.ts'
import { countAllStatements } from '../harness/counted-statements.ts'
import { openTestPool, type TestDatabase } from '../harness/database.ts'
import { placeOrderRow } from '../harness/order-rows.ts'
import { createTestDatabase } from '../harness/start.ts'

/** How reactors take in what a broker hands out, without a broker. */
let test: TestDatabase
let pool: ReturnType<typeof openTestPool>
beforeAll(async () => {
  test = await createTestDatabase()
  pool = openTestPool(test.url, 2)
})
afterAll(async () => {
  await pool.end()
  await test.close()
})

const outlines = Object.fromEntries(ORDER_SAGA.steps)
const place = () => placeOrderRow(test.db, { coordination: 'choreography' })
const activitiesOf = async (id: string) =>
  (await test.db.reaction.findMany({ where: { sagaId: id }, orderBy: { activity: 'asc' } })).map(
    ({ activity }) => activity,
  )
const fence = (sagaId: string, step: string, state: 'intended' | 'done') =>
  test.db.stepFence.create({ data: { sagaId, step, state, ...(state === 'done' ? { answer: {} } : {}) } })

const participants = participantsOf(outlines)

/** The reactors of all participants, as one process has them. */
function reactors(onTrouble: OnTrouble = () => undefined, reach?: (point: string) => void) {
  const effects = new Map(
    participants.map((name) => [reactorName(name), reporting(reactionsOf(name, outlines), onTrouble)]),
  )
  const react = createReactors({ pool, outlines, effects, reach, onReaction: () => undefined })
  return (events: readonly EventEnvelope[], consumers: readonly string[] = [...effects.keys()]) =>
    react(events, consumers)
}

/** No reaction of this order can be noted, for a reason that is no trouble of the database. */
async function refuseReactionsOf(id: string): Promise<() => Promise<unknown>> {
  await test.admin.$executeRawUnsafe(
    `ALTER TABLE reactions ADD CONSTRAINT refused CHECK (saga_id <> '${id}'::uuid) NOT VALID`,
  )
  return () => test.admin.$executeRaw`ALTER TABLE reactions DROP CONSTRAINT refused`
}

const eventOf = (id: string, version: number, type: string): EventEnvelope =>
  toEnvelope({
    streamId: `order-${id}`,
    version,
    type,
    schemaVersion: 1,
    data: {},
    recordedAt: new Date(),
  })

describe('a reactor, after events were lost with a broker', () => {
  const charged = (id: string) => eventOf(id, 3, 'PaymentCharged')
  const placeCharged = async () => {
    const id = await place()
    for (const step of ['reserveInventory', 'chargePayment']) await fence(id, step, 'done')
    return id
  }
  const lettersOf = (id: string) => test.db.deadLetter.count({ where: { streamId: `order-${id}` } })
  it('does what a later one asks for, and sets nothing aside', async () => {
    const id = await placeCharged()
    const react = reactors()
    for (const _delivery of [1, 2]) await react([charged(id)])
    expect([await activitiesOf(id), await lettersOf(id)]).toEqual([['createShipment'], 0])
  })

  it('takes in what was set aside for that when it is tried again', async () => {
    const id = await placeCharged()
    await setAside(sqlOf(pool), 'choreography-shipping', [{ envelope: charged(id), failure: GAP }])
    await test.db.deadLetter.updateMany({ data: { nextAttemptAt: new Date(0) } })
    const due = await dueLetters(sqlOf(pool), ['choreography-shipping'])
    await retryDueLetters({ pool, due, resolve: async () => reactionsOf('shipping', outlines) })
    expect([await activitiesOf(id), await lettersOf(id)]).toEqual([['createShipment'], 0])
  })

  it('notes no step that the record does not call for, as after a restore to a state before the event', async () => {
    const id = await place()
    await fence(id, 'reserveInventory', 'done')
    await reactors()([charged(id)])
    expect(await activitiesOf(id)).toEqual([])
  })
})

describe('a batch for all reactors', () => {
  /** An event that begins each of so many orders. */
  const begun = async (count: number) => {
    const ids: string[] = []
    for (let made = 0; made < count; made += 1) ids.push(await place())
    return { ids, events: ids.map((id) => eventOf(id, 1, 'OrderPlaced')) }
  }
  const places = (count: number) =>
    test.db.inbox.count({ where: { version: count, consumer: { startsWith: 'choreography-' } } })

  it('costs seven statements, however many events and orders it has, and six once the orders are known', async () => {
    const { ids, events } = await begun(50)
    const counted = countAllStatements()
    try {
      const react = reactors()
      await react(events)
      expect(counted.take()).toBe(7)
      await react(ids.map((id) => eventOf(id, 2, 'InventoryReserved')))
      expect(counted.take()).toBe(6)
      // What was seen before is only looked up.
      await react(events)
      expect(counted.take()).toBe(4)
      // Of an order alone: no batch costs more, and one that asks nothing of anybody costs one less.
      await react([eventOf(ids[0] ?? '', 3, 'PaymentCharged')])
      expect(counted.take()).toBe(6)
      await react([eventOf(ids[0] ?? '', 4, 'CustomerNotified')])
      expect(counted.take()).toBe(5)
    } finally {
      counted.stop()
    }
    for (const id of ids) expect(await activitiesOf(id)).toEqual(['reserveInventory'])
    expect(await places(2)).toBe(49 * 6)
  })

  it('costs fifty orders one statement each at most, when their events come together', async () => {
    const { ids } = await begun(50)
    const types = [
      'OrderPlaced',
      'InventoryReserved',
      'PaymentCharged',
      'ShipmentCreated',
      'PointsAwarded',
      'OrderCompleted',
      'CustomerNotified',
    ]
    const react = reactors()
    const counted = countAllStatements()
    try {
      for (const [index, type] of types.entries()) await react(ids.map((id) => eventOf(id, index + 1, type)))
      expect(counted.take()).toBeLessThanOrEqual(50)
    } finally {
      counted.stop()
    }
    expect(await places(7)).toBe(50 * 6)
  })

  it('with an event that cannot be taken in sets aside its stream for its participant, and no other', async () => {
    const { ids, events } = await begun(3)
    const [poisoned = '', ...others] = ids
    const troubles: string[] = []
    const undo = await refuseReactionsOf(poisoned)
    try {
      await reactors((what) => troubles.push(what))([
        ...events,
        ...ids.map((id) => eventOf(id, 2, 'InventoryReserved')),
      ])
    } finally {
      await undo()
    }
    // Its dead letter says no more than the class.
    expect(troubles).toEqual(['choreography-inventory could not apply an event'])
    for (const id of others) expect(await activitiesOf(id)).toEqual(['reserveInventory'])
    const letters = await test.db.deadLetter.findMany({
      where: { consumer: { startsWith: 'choreography-' }, streamId: { in: ids.map((id) => `order-${id}`) } },
      orderBy: { version: 'asc' },
    })
    expect(letters.map(({ consumer, streamId, state }) => [consumer, streamId, state])).toEqual([
      ['choreography-inventory', `order-${poisoned}`, 'retrying'],
      ['choreography-inventory', `order-${poisoned}`, 'behind'],
    ])
    const positions = await test.db.inbox.findMany({ where: { streamId: `order-${poisoned}` } })
    expect(new Map(positions.map(({ consumer, version }) => [consumer, version]))).toEqual(
      new Map(participants.map((name) => [reactorName(name), name === 'inventory' ? 0 : 2])),
    )
    await test.db.deadLetter.updateMany({
      where: { state: 'retrying' },
      data: { nextAttemptAt: new Date(0) },
    })
    const due = await dueLetters(sqlOf(pool), ['choreography-inventory'])
    await retryDueLetters({ pool, due, resolve: async () => reactionsOf('inventory', outlines) })
    expect(await activitiesOf(poisoned)).toEqual(['reserveInventory'])
  })

  it('that is cut off in the middle leaves nothing, and takes effect once when it comes again', async () => {
    const { ids, events } = await begun(3)
    let isCut = false
    const react = reactors(undefined, (point) => {
      if (point !== 'choreography:before-commit' || isCut) return
      isCut = true
      throw Object.assign(new Error('cut off'), { code: 'ECONNRESET' })
    })
    await expect(react(events)).rejects.toThrow('cut off')
    for (const id of ids) expect(await activitiesOf(id)).toEqual([])
    for (const _delivery of [1, 2]) await react(events)
    for (const id of ids) expect(await activitiesOf(id)).toEqual(['reserveInventory'])
  })

  it('is taken in for the consumers alone that it is for, as a broker hands out that keeps them apart', async () => {
    const { ids, events } = await begun(1)
    const [id = ''] = ids
    const react = reactors()
    await react(events, [reactorName('payment')])
    expect(await activitiesOf(id)).toEqual([])
    await react(events, [reactorName('inventory')])
    expect(await activitiesOf(id)).toEqual(['reserveInventory'])
  })
})
