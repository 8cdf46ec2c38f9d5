import Table from 'cli-table3'
import { cancelAfter } from '../test/harness/cancel-after.ts'
import { until } from '../test/harness/poll.ts'
import { stepsOf } from '../test/harness/saga-steps.ts'
import { startServers } from '../test/harness/servers.ts'
import { startSystemOn } from '../test/harness/system.ts'
import { startWorkerProcess } from '../test/harness/worker-process.ts'
import { orderSaga } from '../workflows/order/steps.ts'
import { percentiles, round } from './instruments/figures.ts'

/**
 * What does a killed worker cost an order? Two workers at the settings of production; the one that has the order is
 * killed in the middle of a step. Milliseconds from the kill to the order's end.
 */
const REPETITIONS = 3

const all = stepsOf(orderSaga)
const steps = all.map(({ name }) => name)
const first = (isAtProvider: boolean) => {
  const step = all.find(
    ({ kind, provider }) => kind === 'compensatable' && (provider !== undefined) === isAtProvider,
  )
  if (step === undefined) throw new Error('The order saga has no such step')
  return step
}
const [row, provider] = [first(false), first(true)]

const kinds = [
  { kind: 'a local attempt at a provider', at: `${provider.name}:before-record`, queued: [] },
  { kind: 'a local attempt at a row', at: `${row.name}:after`, queued: [] },
  { kind: 'a queued attempt at a provider', at: `${provider.name}:before-record`, queued: steps },
  { kind: 'a queued attempt at a row', at: `${row.name}:after`, queued: steps },
  { kind: 'the pivot', at: `${orderSaga.pivot.execute}:after`, queued: [] },
  {
    kind: 'a compensation',
    at: `${provider.undo}:before-record`,
    queued: [],
    cancelledAfter: provider.name,
  },
]

const { servers, stop } = await startServers([])
const table = new Table({ head: ['killed in', 'median ms', 'max ms'], style: { head: [], border: [] } })
try {
  for (const { kind, at, queued, cancelledAfter } of kinds) {
    const taken: number[] = []
    for (let n = 0; n < REPETITIONS; n += 1) taken.push(await killAt(at, queued, cancelledAfter))
    const { p50, max } = percentiles(taken)
    table.push([kind, round(p50), round(max)])
  }
} finally {
  await stop()
}
process.stdout.write(`${table.toString()}\n`)
process.exit()

async function killAt(at: string, queued: string[], cancelledAfter: string | undefined): Promise<number> {
  const system = await startSystemOn(servers, { workers: false, input: { queued } })
  if (cancelledAfter !== undefined) await cancelAfter(system.db, cancelledAfter)
  const doomed = startWorkerProcess(servers, system, { failpoints: [`${at}=kill`] })
  await doomed.working()
  const { id } = await system.api.place()
  const survivor = startWorkerProcess(servers, system)
  await until('the worker to die', () => (doomed.process.pid() === undefined ? true : undefined))
  const diedAt = performance.now()
  await system.api.ended(id)
  const tookMs = performance.now() - diedAt
  await survivor.stop()
  await system.close()
  return tookMs
}
