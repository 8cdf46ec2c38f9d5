import Table from 'cli-table3'
import { until } from '../test/harness/poll.ts'
import { startServers } from '../test/harness/servers.ts'
import { startSystemOn } from '../test/harness/system.ts'
import { startWorkerProcess } from '../test/harness/worker-process.ts'
import { orderSaga } from '../workflows/order/steps.ts'
import { percentiles, round } from './figures.ts'

/**
 * What does a killed worker cost an order? Two workers at the settings of production; the one that has the order is
 * killed in the middle of a step. Milliseconds from the kill to the order's end.
 */
const REPETITIONS = 3

const steps = [...orderSaga.compensatable, orderSaga.pivot].map(({ execute }) => execute)
const kinds = [
  { kind: 'a local attempt at a provider', at: 'chargePayment:before-record', queued: [] },
  { kind: 'a local attempt at a row', at: 'reserveInventory:after', queued: [] },
  { kind: 'a queued attempt at a provider', at: 'chargePayment:before-record', queued: steps },
  { kind: 'a queued attempt at a row', at: 'awardPoints:after', queued: steps },
  { kind: 'the pivot', at: 'completeOrder:after', queued: [] },
  { kind: 'a compensation', at: 'refundPayment:before-record', queued: [], service: 'refused' },
]

const { servers, stop } = await startServers([])
const table = new Table({ head: ['killed in', 'median ms', 'max ms'], style: { head: [], border: [] } })
try {
  for (const { kind, at, queued, service } of kinds) {
    const taken: number[] = []
    for (let n = 0; n < REPETITIONS; n += 1) taken.push(await killAt(at, queued, service))
    const { p50, max } = percentiles(taken)
    table.push([kind, round(p50), round(max)])
  }
} finally {
  await stop()
}
process.stdout.write(`${table.toString()}\n`)
process.exit()

async function killAt(at: string, queued: string[], service: string | undefined): Promise<number> {
  const system = await startSystemOn(servers, { workers: false, input: { queued } })
  const doomed = startWorkerProcess(servers, system, { failpoints: [`${at}=kill`] })
  await doomed.working()
  const { id } = await system.api.place(service === undefined ? {} : { service })
  const survivor = startWorkerProcess(servers, system)
  await until('the worker to die', () => (doomed.process.pid() === undefined ? true : undefined))
  const diedAt = performance.now()
  await system.api.ended(id)
  const tookMs = performance.now() - diedAt
  await survivor.stop()
  await system.close()
  return tookMs
}
