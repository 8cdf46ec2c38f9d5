import Table from 'cli-table3'
import { ACCOUNT, accountStream } from '../domain/account/accounts.ts'
import { createAggregates } from '../events/store/aggregate.ts'
import { createEventStore } from '../events/store/store.ts'
import { createDatabase } from '../test/harness/database.ts'
import { startServers } from '../test/harness/servers.ts'
import { percentiles } from './instruments/figures.ts'

/** What does a snapshot save? An account of 10,000 events is loaded with and without, side by side in one run. */
const EVENTS = 10_000
const REPETITIONS = 30

const { servers, stop } = await startServers([])
const table = new Table({ head: ['load', 'median ms', 'p95 ms', 'ratio'], style: { head: [], border: [] } })
try {
  const database = await createDatabase(servers)
  const { db } = database
  const store = createEventStore({ db })
  const aggregates = createAggregates({ db, store })
  const stream = accountStream('bench')
  const deposit = { type: 'MoneyDeposited', data: { amountMinor: 1, currency: 'EUR' } }
  await store.append(stream, 0, [{ type: 'AccountOpened', data: { ownerId: 'cus_bench', currency: 'EUR' } }])
  // Past the last snapshot there is as much as there may be.
  for (let version = 1; version < EVENTS - 1; version += 500)
    await store.append(
      stream,
      version,
      Array.from({ length: Math.min(500, EVENTS - 1 - version) }, () => deposit),
    )
  await aggregates.load(ACCOUNT, stream)

  const withSnapshots: number[] = []
  const without: number[] = []
  const timed = async (load: typeof aggregates, into: number[]) => {
    const startedAt = performance.now()
    await load.load(ACCOUNT, stream)
    into.push(performance.now() - startedAt)
  }
  /** The same, where no snapshot was ever taken and none is kept. */
  const unsnapped = createAggregates({
    db: { snapshot: { findFirst: async () => null, upsert: async () => undefined } } as unknown as typeof db,
    store,
  })
  for (let n = 0; n < REPETITIONS; n += 1) {
    await timed(aggregates, withSnapshots)
    await timed(unsnapped, without)
  }
  const [snapped, folded] = [percentiles(withSnapshots), percentiles(without)]
  const row = (name: string, { p50, p95 }: typeof snapped) => [
    name,
    p50.toFixed(1),
    p95.toFixed(1),
    (p50 / snapped.p50).toFixed(1),
  ]
  table.push(row('with snapshots', snapped), row('without', folded))
  await database.close()
} finally {
  await stop()
}
process.stdout.write(`${EVENTS} events\n${table.toString()}\n`)
process.exit()
