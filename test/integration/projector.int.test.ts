import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTransport } from '../../events/broker/open-transport.ts'
import { createRelayMetrics } from '../../events/outbox/relay-metrics.ts'
import { startRelay } from '../../events/outbox/relay.ts'
import { Registry } from 'prom-client'
import { openTestPool, type TestDatabase } from '../harness/database.ts'
import { generateEvents } from '../harness/generated-events.ts'
import { killHard } from '../harness/kill.ts'
import { until } from '../harness/poll.ts'
import { caughtUp, expectEachAppliedOnce, rebuildsDone, wishRebuilds } from '../harness/read-models.ts'
import { compiled, createTestDatabase } from '../harness/start.ts'
import { startWatchedProcess, type WatchedProcess } from '../harness/watched-process.ts'
import { ENDS, writeOrder } from '../harness/written-orders.ts'

let test: TestDatabase
let pool: pg.Pool
const closers: (() => Promise<unknown>)[] = []
beforeAll(async () => {
  test = await createTestDatabase()
  pool = openTestPool(test.url, 4)
  const onTrouble = () => undefined
  const transport = await openTransport({ kind: 'postgres', url: test.url }, onTrouble)
  const metrics = createRelayMetrics(new Registry(), pool)
  const relay = startRelay({ url: test.url, transport, metrics, onTrouble })
  closers.push(
    () => relay.stop(),
    () => transport.close(),
    () => pool.end(),
    () => test.close(),
  )
})
afterAll(async () => {
  for (const close of closers) await close()
})

const projector = (...failpoints: string[]): WatchedProcess =>
  startWatchedProcess({
    name: 'projector',
    entry: compiled('workers/projector.js'),
    env: {
      DATABASE_URL: test.url,
      DATABASE_POOL: '4',
      METRICS_PORT: '0',
      FAILPOINTS: failpoints.join(','),
    },
  })

const readModels = () => ({ db: test.db, pool })

const positions = async () => {
  const [row] = await test.db.$queryRaw<
    { applied: bigint }[]
  >`SELECT coalesce(sum(version), 0)::bigint AS applied FROM inbox`
  return Number(row?.applied ?? 0)
}
/** How many projections have applied more than the broker knows of. */
const unacknowledged = async () => {
  const [row] = await test.db.$queryRaw<{ count: bigint }[]>`
    SELECT count(*) AS count FROM projections p
     WHERE (SELECT sum(version) FROM inbox WHERE consumer = p.name || '#' || p.generation) > (
       SELECT count(*) FROM broker_messages m JOIN broker_cursors c ON c.consumer = p.name AND m.position <= c.position)`
  return Number(row?.count ?? 0)
}

describe('a projector that is killed with SIGKILL', () => {
  it.each([
    { at: 'before-commit', isCommitted: false },
    { at: 'after-commit', isCommitted: true },
  ])('$at of a batch applies each event once all the same', async ({ at, isCommitted }) => {
    for (const end of ENDS) await writeOrder(test.db, end)
    await until('the events to be published', async () =>
      (await test.db.outbox.count({ where: { publishedAt: null } })) === 0 ? true : undefined,
    )
    const before = await positions()
    const doomed = projector(`projector:${at}=kill`)
    await doomed.died()
    expect((await positions()) > before).toBe(isCommitted)
    // What the broker does not know of, it will hand out again.
    expect((await unacknowledged()) > 0).toBe(isCommitted)
    const survivor = projector()
    try {
      await expectEachAppliedOnce(readModels())
    } finally {
      await survivor.stop()
    }
  })

  it('is followed by the one that stands by', async () => {
    const first = projector()
    await first.working()
    await caughtUp(readModels())
    const second = projector()
    await second.working()
    await killHard('the first projector', () => first.process.pid())
    try {
      await writeOrder(test.db, 'completed')
      await expectEachAppliedOnce(readModels())
    } finally {
      await second.stop()
    }
  })

  it('in the middle of a rebuild leaves it to the next one, which begins again', async () => {
    await generateEvents(pool, 1000)
    const { generation } = await test.db.projection.findUniqueOrThrow({ where: { name: 'order-summary' } })
    const row = () => test.db.projection.findUniqueOrThrow({ where: { name: 'order-summary' } })
    // It cannot take in the last stream while this is held, so it is under way for as long as the test needs it to be.
    const holder = await pool.connect()
    await holder.query('BEGIN')
    await holder.query(
      `INSERT INTO inbox (consumer, stream_id, version) SELECT $1, max(stream_id), 0 FROM events`,
      [`order-summary#${generation + 1}`],
    )
    await wishRebuilds(readModels())
    const doomed = projector()
    await until('the rebuild to be under way', async () =>
      (await row()).rebuiltEvents > 0n && (await row()).rebuildingGeneration !== null ? true : undefined,
    )
    await killHard('the projector', () => doomed.process.pid())
    await doomed.died()
    await holder.query('ROLLBACK')
    holder.release()
    expect(await row()).toMatchObject({ generation, rebuildingGeneration: generation + 1 })
    const survivor = projector()
    try {
      await rebuildsDone(readModels())
      expect(await row()).toMatchObject({ generation: generation + 2, rebuildingGeneration: null })
      expect(await test.db.orderSummary.count({ where: { generation: generation + 1 } })).toBe(0)
    } finally {
      await survivor.stop()
    }
  })
})
