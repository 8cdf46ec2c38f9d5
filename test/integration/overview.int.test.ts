import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CONTRACTS, stepsOfOrders } from '../../api/contracts.ts'
import { createOverview, type Overview } from '../../domain/operations/overview.ts'
import { createParking } from '../../domain/operations/parking.ts'
import { sqlOf } from '../../events/store/sql.ts'
import { openTestPool, type TestDatabase } from '../harness/database.ts'
import { startEventFlow } from '../harness/event-flow.ts'
import { writeSagas } from '../harness/many-sagas.ts'
import { until } from '../harness/poll.ts'
import { createTestDatabase } from '../harness/start.ts'
import { writeOrder } from '../harness/written-orders.ts'

let test: TestDatabase
let pool: pg.Pool
beforeAll(async () => {
  test = await createTestDatabase()
  pool = openTestPool(test.url, 1)
})
afterAll(async () => {
  await pool.end()
  await test.close()
})

const read = (): Promise<Overview> => createOverview({ db: sqlOf(pool), ...stepsOfOrders(CONTRACTS) }).read()
/**
 * An order that completed a while ago, with the events of its steps at so many milliseconds after it was placed. Its
 * customer was notified just now.
 */
async function writeEnded(secondsAgo: number, events: Record<string, number>): Promise<void> {
  const id = await writeOrder(test.db, 'placed')
  const placedAt = Date.now() - secondsAgo * 1000
  const at = (ms: number) => new Date(placedAt + ms)
  await test.admin.$transaction(async (db) => {
    for (const table of ['sagas', 'events'])
      await db.$executeRawUnsafe(`ALTER TABLE ${table} DISABLE TRIGGER USER`)
    await db.saga.update({
      where: { id },
      data: { status: 'completed', createdAt: at(0), updatedAt: new Date() },
    })
    await db.event.updateMany({ where: { streamId: `order-${id}` }, data: { recordedAt: at(0) } })
    for (const table of ['sagas', 'events'])
      await db.$executeRawUnsafe(`ALTER TABLE ${table} ENABLE TRIGGER USER`)
    await db.event.createMany({
      data: Object.entries(events).map(([type, ms], index) => ({
        streamId: `order-${id}`,
        version: index + 2,
        type,
        data: {},
        recordedAt: at(ms),
      })),
    })
    const doneAt = at(events['OrderCompleted'] ?? 0)
    const pivot = { sagaId: id, step: 'completeOrder', state: 'done', answer: {}, updatedAt: doneAt }
    await db.stepFence.create({ data: pivot })
  })
}

describe('the overview', () => {
  it('of an empty system has every status and every bucket, all without anything', async () => {
    const { orders, throughput, latency, ...rest } = await read()
    const none = (statuses: string[]) => statuses.map((status) => ({ status, count: 0 }))
    const open = ['pending', 'processing', 'waiting', 'compensating', 'parked']
    expect(orders).toEqual({
      open: none(open),
      lastDay: none([...open, 'completed', 'rejected', 'cancelled']),
      oldestOpen: null,
      atRisk: [],
    })
    expect(throughput).toHaveLength(60)
    expect(new Set(throughput.map((bucket) => bucket.placed + bucket.completed))).toEqual(new Set([0]))
    expect(latency).toEqual({ sample: 0, toTerminalMs: null, steps: [] })
    expect(rest).toMatchObject({
      starts: { backlog: 0, oldestAt: null },
      wakes: { backlog: 0 },
      outbox: { unpublished: 0, oldestAt: null },
      deadLetters: { parked: 0, retrying: 0, behind: 0 },
      parked: { steps: 0, amounts: [] },
      orphans: { count: 0, oldestSince: null },
    })
  })

  it('counts the open orders, and those of the last day, whatever the clocks of their hosts say', async () => {
    const oldest = await writeOrder(test.db, 'placed')
    for (const end of ['reserved', 'completed', 'rejected', 'cancelled', 'parked'] as const)
      await writeOrder(test.db, end)
    const { createdAt } = await test.db.saga.findUniqueOrThrow({ where: { id: oldest } })
    expect((await read()).orders.oldestOpen).toEqual({ id: oldest, status: 'pending', createdAt })
    // Their ids say nothing of when they were made.
    await writeSagas(test.db, 3, 'waiting', 'order@1')
    // Of another kind, and of the day before yesterday.
    await writeSagas(test.db, 5, 'waiting', 'transfer@1')
    const old = await writeOrder(test.db, 'parked')
    await test.admin
      .$executeRaw`UPDATE sagas SET created_at = now() - interval '25 hours' WHERE id = ${old}::uuid`

    const { orders } = await read()
    const counts = (rows: Overview['orders']['open']) =>
      Object.fromEntries(rows.map(({ status, count }) => [status, count]))
    const open = { pending: 1, processing: 1, waiting: 3, compensating: 0 }
    expect(counts(orders.open)).toEqual({ ...open, parked: 2 })
    expect(counts(orders.lastDay)).toEqual({ ...open, parked: 1, completed: 1, rejected: 1, cancelled: 1 })
  })

  it('has the money at risk of each order once, however many of its steps are parked', async () => {
    const parked = await test.db.stepFence.findFirstOrThrow({ where: { parkedAt: { not: null } } })
    const second = { sagaId: parked.sagaId, step: 'chargePayment', state: 'pending', parkedAt: new Date() }
    await test.db.stepFence.create({ data: second })
    const overview = await read()
    expect(overview.orders.atRisk).toEqual([{ currency: 'EUR', amountMinor: 2 * 1590, orders: 2 }])
    expect(overview.parked).toEqual({ steps: 3, amounts: [{ currency: 'EUR', amountMinor: 2 * 1590 }] })
  })

  it('has what was placed and what ended in each ten seconds: a completed order when its pivot was done', async () => {
    const before = await read()
    await writeEnded(300, { OrderCompleted: 0 })
    await writeEnded(700, { OrderCompleted: 0 })
    const { throughput, asOf } = await read()
    const starts = throughput.map(({ at }) => at.getTime())
    expect(starts.map((at, index) => at - (starts[index - 1] ?? at - 10_000))).toEqual(
      starts.map(() => 10_000),
    )
    expect(asOf.getTime() - (starts.at(-1) ?? 0)).toBeLessThan(10_000)
    const completed = (buckets: Overview['throughput'], from: number, to: number) =>
      buckets
        .filter(({ at }) => at.getTime() > asOf.getTime() - from && at.getTime() <= asOf.getTime() - to)
        .reduce((sum, bucket) => sum + bucket.completed, 0)
    expect([completed(before.throughput, 330_000, 270_000), completed(throughput, 330_000, 270_000)]).toEqual(
      [0, 1],
    )
    const all = completed(throughput, 600_000, 0)
    expect(all).toBe(2)
    const rejected = throughput.reduce((sum, bucket) => sum + bucket.rejected + bucket.cancelled, 0)
    expect(rejected).toBe(2)
    expect(throughput.reduce((sum, bucket) => sum + bucket.placed, 0)).toBe(7)
  })

  it('has how long orders took that ended lately, and each of their steps from the one before it', async () => {
    const { sample } = (await read()).latency
    const steps = {
      InventoryReserved: 1000,
      WaitingBegun: 1500,
      PaymentCharged: 401_000,
      OrderCompleted: 401_250,
    }
    for (let n = 0; n < 20; n += 1) await writeEnded(500, steps)
    await writeEnded(4000, { InventoryReserved: 0, OrderCompleted: 10 })
    const { latency } = await read()
    expect(latency.sample).toBe(sample + 20)
    expect(latency.toTerminalMs?.p50).toBe(401_250)
    expect(latency.steps.map(({ name }) => name)).toEqual([
      'reserveInventory',
      'chargePayment',
      'awardPoints',
      'completeOrder',
    ])
    expect(latency.steps.find(({ name }) => name === 'chargePayment')).toEqual({
      name: 'chargePayment',
      count: 20,
      p50Ms: 400_000,
      p99Ms: 400_000,
    })
  })

  it('has what is yet to be started, woken, published or decided, and since when', async () => {
    const { starts, wakes, outbox } = await read()
    const [first] = await test.db.sagaStart.findMany({ orderBy: { createdAt: 'asc' } })
    expect(starts).toEqual({ backlog: await test.db.sagaStart.count(), oldestAt: first?.createdAt })
    expect(wakes).toEqual({ backlog: 0 })
    const row = await test.db.outbox.findFirstOrThrow({ orderBy: { id: 'asc' }, include: { event: true } })
    expect(outbox).toEqual({ unpublished: await test.db.outbox.count(), oldestAt: row.event.recordedAt })

    const parked = await test.db.stepFence.findFirstOrThrow({ where: { parkedAt: { not: null } } })
    await createParking({ db: test.db }).retry(parked.sagaId, undefined, { actor: 'o', reason: 'r' })
    const { version } = await test.db.saga.findUniqueOrThrow({ where: { id: parked.sagaId } })
    const orphanSince = new Date(Date.now() - 60_000)
    const moved = await test.db.saga.findFirstOrThrow({ where: { status: 'waiting' } })
    await test.db.sagaWatch.createMany({
      data: [
        { sagaId: parked.sagaId, version, orphanSince },
        { sagaId: moved.id, version: moved.version - 1, orphanSince },
      ],
    })
    const letter = { consumer: 'sales#1', streamId: 's', type: 'T', envelope: {} }
    await test.db.deadLetter.createMany({
      data: [
        { ...letter, version: 1, state: 'parked', cause: 'X' },
        { ...letter, version: 2, state: 'behind' },
        { ...letter, version: 3, state: 'behind' },
        { ...letter, version: 4, state: 'discarded' },
      ],
    })
    const now = await read()
    expect(now.wakes).toEqual({ backlog: 1 })
    expect(now.orphans).toEqual({ count: 1, oldestSince: orphanSince })
    expect(now.deadLetters).toEqual({ parked: 1, retrying: 0, behind: 2 })
  })

  it('has who is connected to the database, and who leads', async () => {
    const leaders = async () =>
      (await read()).processes
        .filter(({ leaderOf }) => leaderOf.length > 0)
        .map(({ name, leaderOf }) => [name, leaderOf])
    expect(await leaders()).toEqual([])
    const flow = await startEventFlow(test.url, {})
    await until('both to lead', async () => ((await leaders()).length === 2 ? true : undefined))
    expect(await leaders()).toEqual([
      ['ordersaga-projector', ['projector']],
      ['ordersaga-relay', ['relay']],
    ])
    await flow.stop()
    const connected = (await read()).processes.find(({ name }) => name === 'test')
    expect(connected).toMatchObject({ leaderOf: [] })
    expect(connected?.connections).toBeGreaterThan(0)
  })
})
