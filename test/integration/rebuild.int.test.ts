import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createConsumer } from '../../events/inbox/consumer.ts'
import { sqlOf } from '../../events/store/sql.ts'
import { createDeadLetterDesk } from '../../events/inbox/dead-letter-desk.ts'
import { dueLetters, retryDueLetters } from '../../events/inbox/dead-letter-retries.ts'
import { enterLive, hashOf, resolveAmong, type Projection } from '../../read-models/projection.ts'
import { PROJECTIONS } from '../../read-models/registry.ts'
import { rebuild } from '../../read-models/rebuild.ts'
import { openTestPool, type TestDatabase } from '../harness/database.ts'
import { createDelivery } from '../harness/delivery.ts'
import { waitingForLocks } from '../harness/in-flight.ts'
import { until } from '../harness/poll.ts'
import { createTestDatabase } from '../harness/start.ts'
import { ENDS, writeOrder } from '../harness/written-orders.ts'

let test: TestDatabase
let pool: pg.Pool
let delivery: ReturnType<typeof createDelivery>
beforeAll(async () => {
  test = await createTestDatabase()
  pool = openTestPool(test.url, 6)
  delivery = createDelivery(
    pool,
    PROJECTIONS.map((projection) => createConsumer({ pool, enter: enterLive(projection) })),
  )
})
afterAll(async () => {
  await pool.end()
  await test.close()
})

const row = ({ name }: Projection) => test.db.projection.findUniqueOrThrow({ where: { name } })
const liveHash = async (projection: Projection) =>
  hashOf(sqlOf(pool), projection, (await row(projection)).generation)
const liveHashes = () => Promise.all(PROJECTIONS.map(liveHash))
const [summaries, sales] = PROJECTIONS as [Projection, Projection]

async function writeSome(count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) await writeOrder(test.db, ENDS[n % ENDS.length] ?? 'placed')
}

/** Something to wait for, until it is opened. */
function gate() {
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open: () => open(), opened }
}

/** The pool, and the streams of which each catching up has read the events. */
function watchingCatchUps() {
  const looked: string[][] = []
  const connect = async () => {
    const client = await pool.connect()
    return new Proxy(client, {
      get(target, member) {
        if (member !== 'query') return Reflect.get(target, member, target)
        return async (statement: pg.QueryConfig) => {
          const streams = statement.text?.includes('AS noted') ? (statement.values?.[1] as string[]) : []
          if (streams.length > 0) looked.push(streams)
          return target.query(statement)
        }
      },
    })
  }
  const watched = { query: pool.query.bind(pool), connect } as unknown as pg.Pool
  return { pool: watched, looked }
}

async function rebuildAll(): Promise<void> {
  for (const projection of PROJECTIONS) await rebuild({ pool, projection })
}

describe('a rebuild from zero', () => {
  it('has what the live one has, and leaves nothing of the old behind', async () => {
    await writeSome(24)
    await delivery.everything()
    const before = await liveHashes()
    expect(new Set(before).size).toBe(PROJECTIONS.length)
    await rebuildAll()
    expect(await liveHashes()).toEqual(before)
    for (const projection of PROJECTIONS) {
      const { generation, rebuildingGeneration, rebuiltEvents, totalEvents, finishedAt } =
        await row(projection)
      expect([generation, rebuildingGeneration]).toEqual([2, null])
      expect(rebuiltEvents).toBe(totalEvents)
      expect(finishedAt).toBeInstanceOf(Date)
    }
    expect(await test.db.inbox.count({ where: { consumer: { endsWith: '#1' } } })).toBe(0)
    expect(await test.db.orderSummary.count({ where: { generation: 1 } })).toBe(0)
  })

  it('while orders are written and applied, ends with what a rebuild in silence ends with', async () => {
    const orders = { areWritten: true }
    const write = async () => {
      for (let n = 0; n < 20; n += 1) await writeSome(ENDS.length)
      orders.areWritten = false
    }
    const apply = async () => {
      while (orders.areWritten) await delivery.deliver(37)
    }
    let rebuilds = 0
    const build = async () => {
      while (orders.areWritten) {
        await rebuildAll()
        rebuilds += 1
      }
    }
    await Promise.all([write(), apply(), build()])
    await delivery.everything()
    expect(rebuilds).toBeGreaterThan(0)
    const live = await liveHashes()
    await rebuildAll()
    expect(await liveHashes()).toEqual(live)
    expect(await test.db.deadLetter.count()).toBe(0)
  })

  it('waits for the live batch in hand before it takes over, and takes what that has applied with it', async () => {
    const [hold, live, end] = [gate(), gate(), gate()]
    const holding = (before: ReturnType<typeof gate>, reached: ReturnType<typeof gate>): Projection => ({
      ...summaries,
      async apply(db, generation, events) {
        reached.open()
        await before.opened
        await summaries.apply(db, generation, events)
      },
    })
    const scanned = gate()
    const { pool: watched, looked } = watchingCatchUps()
    const rebuilding = rebuild({ pool: watched, projection: holding(hold, scanned) })
    await scanned.opened
    // Its first page is read: what is written now it learns from the live one alone.
    const id = await writeOrder(test.db, 'placed')
    const handler = createConsumer({ pool, enter: enterLive(holding(end, live)) })
    const batch = createDelivery(pool, [handler]).everything()
    await live.opened
    hold.open()
    await until('the rebuild to wait', async () => ((await waitingForLocks(test.db)) > 0 ? true : undefined))
    end.open()
    await Promise.all([batch, rebuilding])
    // It caught up with the one stream that the live one had noted for it, and with no other.
    expect(looked).toEqual([[`order-${id}`]])
    expect(await test.db.rebuildStream.count()).toBe(0)
    const { generation } = await row(summaries)
    expect(await test.db.orderSummary.count({ where: { generation, orderId: id } })).toBe(1)
    // The other projections have still to hear of it.
    await test.db.outbox.updateMany({ where: { streamId: `order-${id}` }, data: { publishedAt: null } })
    await delivery.everything()
  })

  it('keeps what an operator has discarded out, and sets aside what it cannot apply', async () => {
    const desk = createDeadLetterDesk({ pool })
    const [discarded, kept] = ['order-discarded', 'order-kept']
    for (const streamId of [discarded, kept]) {
      for (const [version, type] of [
        [1, 'OrderPlaced'],
        [2, 'OrderRejected'],
      ]) {
        await test.db
          .$executeRaw`INSERT INTO events (stream_id, version, type, data) VALUES (${streamId}, ${version}, ${type}, '{}')`
        await test.db.$executeRaw`INSERT INTO outbox (stream_id, version) VALUES (${streamId}, ${version})`
      }
    }
    await delivery.everything()
    const [letter] = await desk.list({ consumer: 'sales', streamId: discarded }, { limit: 1 })
    await desk.discard(letter?.id ?? '', { actor: 'anna', reason: 'nonsense' })
    const before = await liveHash(sales)
    await rebuild({ pool, projection: sales })
    expect(await liveHash(sales)).toBe(before)
    const { generation } = await row(sales)
    const open = await desk.list({ consumer: 'sales' }, { limit: 10 })
    // The discarded one is passed over; what came behind it is no better, and waits for its own verdict.
    expect(
      open.map((one) => [one.streamId, one.version, one.generation, one.behind].join(' ')).toSorted(),
    ).toEqual([`${discarded} 2 ${generation} 0`, `${kept} 1 ${generation} 1`])
  })

  it('takes with it what was set aside before the fix', async () => {
    let isBroken = true
    const mended: Projection = {
      ...sales,
      async apply(db, generation, events) {
        if (isBroken && events.some(({ type }) => type === 'OrderCompleted')) throw new TypeError('a bug')
        await sales.apply(db, generation, events)
      },
    }
    const handler = createConsumer({ pool, enter: enterLive(mended) })
    const id = await writeOrder(test.db, 'completed')
    await createDelivery(pool, [handler]).everything()
    expect(await test.db.deadLetter.findFirst({ where: { streamId: `order-${id}` } })).toMatchObject({
      cause: 'TYPE_ERROR',
      message: 'a bug',
    })
    isBroken = false
    await rebuild({ pool, projection: mended })
    expect(await test.db.deadLetter.count({ where: { streamId: `order-${id}` } })).toBe(0)
    const before = await liveHash(sales)
    await rebuild({ pool, projection: sales })
    expect(await liveHash(sales)).toBe(before)
  })

  it('that is overtaken by another gives up, and one that was interrupted is begun again', async () => {
    let overtaker: Promise<void> | undefined
    const slow: Projection = {
      ...summaries,
      async apply(db, generation, events) {
        if (overtaker === undefined) {
          overtaker = rebuild({ pool, projection: summaries })
          await until('the other to have begun', async () =>
            (await row(summaries)).rebuildingGeneration === generation ? undefined : true,
          )
        }
        await summaries.apply(db, generation, events)
      },
    }
    await expect(rebuild({ pool, projection: slow })).rejects.toMatchObject({ code: 'REBUILD_SUPERSEDED' })
    await overtaker
    const stopping = AbortSignal.abort()
    await expect(rebuild({ pool, projection: summaries, stopping })).rejects.toThrow(/abort/)
    expect((await row(summaries)).rebuildWishedAt).toBeInstanceOf(Date)
    await rebuild({ pool, projection: summaries })
    const { generation } = await row(summaries)
    expect(await test.db.orderSummary.count({ where: { generation: { not: generation } } })).toBe(0)
    expect(await row(summaries)).toMatchObject({ rebuildWishedAt: null, rebuildingGeneration: null })
  })

  it('lets the letters of the new generation be tried again, and none of the old', async () => {
    await test.db
      .$executeRaw`UPDATE dead_letters SET next_attempt_at = clock_timestamp() - interval '1 s' WHERE state = 'retrying'`
    const before = await test.db.deadLetter.findMany({ where: { state: 'retrying' } })
    const due = await dueLetters(
      sqlOf(pool),
      PROJECTIONS.map(({ name }) => name),
    )
    await retryDueLetters({ pool, due, resolve: resolveAmong(PROJECTIONS) })
    for (const { id, attempts } of before) {
      expect(await test.db.deadLetter.findUnique({ where: { id } })).toMatchObject({ attempts: attempts + 1 })
    }
    expect(await resolveAmong(PROJECTIONS)(sqlOf(pool), 'sales#1')).toBeUndefined()
    expect(await resolveAmong(PROJECTIONS)(sqlOf(pool), 'nobody#1')).toBeUndefined()
  })
})
