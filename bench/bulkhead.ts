import { setTimeout as sleep } from 'node:timers/promises'
import Table from 'cli-table3'
import { startServers } from '../test/harness/servers.ts'
import { startSystemOn, type System } from '../test/harness/system.ts'
import { percentiles, round } from './instruments/figures.ts'

/**
 * Does a slow carrier slow down orders that never get to it? Orders whose payment is declined are timed, alone and
 * beside orders that the carrier keeps waiting, with the permits for local calls and without; all in one run.
 */
const TIMED = 30
const BESIDE = 120
const PAUSE_MS = 20

const unlimited = () => ({ limit: 0, inUse: () => 0, acquire: () => () => undefined })

const scenes = [
  { carrier: 'idle', permits: 'with', service: undefined },
  { carrier: '900 ms', permits: 'with', service: 'slow_900' },
  { carrier: 'hanging', permits: 'with', service: 'hang' },
  { carrier: '900 ms', permits: 'without', service: 'slow_900' },
  { carrier: 'hanging', permits: 'without', service: 'hang' },
] as const

const { servers, stop } = await startServers([])
const table = new Table({
  head: ['carrier', 'permits', 'p50 ms', 'p95 ms', 'max ms'],
  style: { head: [], border: [] },
})
try {
  for (const { carrier, permits, service } of scenes) {
    const system = await startSystemOn(servers, permits === 'with' ? {} : { permits: unlimited })
    for (let n = 0; n < 10; n += 1) await declined(system)
    const beside =
      service === undefined
        ? []
        : await Promise.all(Array.from({ length: BESIDE }, () => system.api.place({ service })))
    const timed: number[] = []
    for (let n = 0; n < TIMED; n += 1) {
      timed.push(await declined(system))
      await sleep(PAUSE_MS)
    }
    const { p50, p95, max } = percentiles(timed)
    table.push([carrier, permits, round(p50), round(p95), round(max)])
    await Promise.all(beside.map(({ id }) => system.api.ended(id)))
    await system.close()
  }
} finally {
  await stop()
}
process.stdout.write(
  `${TIMED} orders with a declined payment, one after the other, beside ${BESIDE} with a slow carrier:\n${table.toString()}\n`,
)
process.exit()

/** Milliseconds from the request to the end of an order whose payment is declined. */
async function declined(system: System): Promise<number> {
  const beganAt = performance.now()
  await system.api.run({ paymentMethod: 'pm_declined' })
  return performance.now() - beganAt
}
