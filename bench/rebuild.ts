import Table from 'cli-table3'
import { createConsumer } from '../events/inbox/consumer.ts'
import { sqlOf } from '../events/store/sql.ts'
import { LOOKS_UP_BY_KEY, openPool } from '../postgres.ts'
import { enterLive, hashOf, type Projection } from '../read-models/projection.ts'
import { PROJECTIONS } from '../read-models/registry.ts'
import { rebuild } from '../read-models/rebuild.ts'
import { createDatabase } from '../test/harness/database.ts'
import { createDelivery } from '../test/harness/delivery.ts'
import { EVENTS_PER_ORDER, generateEvents } from '../test/harness/generated-events.ts'
import { startServers } from '../test/harness/servers.ts'
import { ENDS, writeOrder } from '../test/harness/written-orders.ts'
import { round } from './instruments/figures.ts'

/**
 * How long does it take to build a read model again out of 100,000 events, in silence and while orders are written and
 * applied? What the rebuild under writes has made of it must be what a rebuild in silence makes of it.
 */
const EVENTS = 100_000

const { servers, stop } = await startServers([])
const database = await createDatabase(servers)
const pool = openPool(database.url, {
  max: 8,
  name: 'bench',
  statementTimeoutMs: 120_000,
  settings: LOOKS_UP_BY_KEY,
})
const db = sqlOf(pool)
const table = new Table({
  head: ['projection', 'silent s', 'events/s', 'under writes s', 'events/s', 'events written', 'same hash'],
  style: { head: [], border: [] },
})
try {
  await generateEvents(pool, EVENTS / EVENTS_PER_ORDER)
  await database.admin.$executeRaw`ANALYZE`
  for (const projection of PROJECTIONS) {
    const silentMs = await timed(() => rebuild({ pool, projection }))
    const before = await countEvents()
    const underWritesMs = await whileWriting(projection, () => timed(() => rebuild({ pool, projection })))
    const after = await countEvents()
    const live = await hash(projection)
    await rebuild({ pool, projection })
    table.push([
      projection.name,
      seconds(silentMs),
      round((before / silentMs) * 1000),
      seconds(underWritesMs),
      round((after / underWritesMs) * 1000),
      after - before,
      live === (await hash(projection)) ? 'yes' : 'NO',
    ])
  }
} finally {
  await pool.end()
  await database.close()
  await stop()
}
process.stdout.write(`${EVENTS} events and what is written meanwhile:\n${table.toString()}\n`)
process.exit()

async function timed(work: () => Promise<void>): Promise<number> {
  const beganAt = performance.now()
  await work()
  return performance.now() - beganAt
}

async function whileWriting(projection: Projection, work: () => Promise<number>): Promise<number> {
  const delivery = createDelivery(pool, [createConsumer({ pool, enter: enterLive(projection) })])
  const writing = new AbortController()
  const write = async () => {
    for (let n = 0; !writing.signal.aborted; n += 1) {
      await writeOrder(database.db, ENDS[n % ENDS.length] ?? 'placed')
      await delivery.deliver()
    }
  }
  const writes = write()
  const tookMs = await work()
  writing.abort()
  await writes
  await delivery.everything()
  return tookMs
}

async function countEvents(): Promise<number> {
  const [row] = await db.query<{ count: number }>('SELECT count(*) AS count FROM events')
  return row?.count ?? 0
}

async function hash(projection: Projection): Promise<string> {
  const [row] = await db.query<{ generation: number }>('SELECT generation FROM projections WHERE name = $1', [
    projection.name,
  ])
  return hashOf(db, projection, row?.generation ?? 0)
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1)
}
