import { mkdtemp, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { readConfig } from '../../config.ts'
import { freePort } from '../../stack/ports.ts'
import { locateTemporalCli } from '../../stack/temporal-cli.ts'
import { stopPid } from '../../stack/pids.ts'
import { startTemporal, type Temporal } from '../../stack/temporal.ts'
import { expectOrdersCompleted } from '../harness/order-trials.ts'
import { until } from '../harness/poll.ts'
import { startSystem } from '../harness/start.ts'
import type { System, SystemOptions } from '../harness/system.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** A system on a Temporal of its own, which can be stopped and started again on the same port. */
async function startOnOwnTemporal({
  keepsHistories,
  ...options
}: SystemOptions & { keepsHistories: boolean }) {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'ordersaga-temporal-'))
  closers.push(() => rm(dataDir, { recursive: true, force: true }))
  const server = {
    cli: await locateTemporalCli(readConfig(), () => undefined),
    port: await freePort(),
    namespace: 'default',
    ...(keepsHistories ? { dataDir } : {}),
  }
  let temporal: Temporal | undefined = await startTemporal(server)
  const stop = async () => {
    await temporal?.stop()
    temporal = undefined
  }
  const kill = async () => {
    if (temporal !== undefined) await stopPid(temporal.pid, ['SIGKILL'])
    temporal = undefined
  }
  closers.push(stop)
  const system = await startSystem({ ...options, temporalAddress: temporal.address })
  closers.push(() => system.close())
  return {
    system,
    dataDir,
    stop,
    kill,
    start: async () => {
      temporal = await startTemporal(server)
    },
  }
}

/** Two bytes of the header of an SQLite database say how it is written and read: 2 is by a write-ahead log. */
async function readsAndWritesOfLog(dataDir: string): Promise<number[]> {
  const header = await readFile(path.join(dataDir, 'temporal.db'))
  return [...header.subarray(18, 20)]
}

const countRestarts = ({ db }: System) => db.event.count({ where: { type: 'WorkflowRestarted' } })

const place = (system: System, count: number) =>
  Promise.all(Array.from({ length: count }, () => system.api.place()))

const started = ({ db }: System) =>
  until('every workflow to be started', async () => ((await db.sagaStart.count()) === 0 ? true : undefined))

it('a Temporal that has lost its database under 50 orders: each workflow is started again, and all orders complete', async () => {
  const { system, stop, start } = await startOnOwnTemporal({
    keepsHistories: false,
    orphanAfterSeconds: 1,
    input: { pace: 0.1 },
  })
  await system.world.break({ payment: 'limited' })
  const waiting = await place(system, 25)
  for (const { id } of waiting) await system.api.reached(id, 'waiting')
  await system.stopWorkers()
  const pending = await place(system, 25)
  await started(system)
  await stop()
  await system.world.mend()
  await start()
  // The longer an order has waited, the later it is looked for again: on a busy machine that would be minutes.
  await system.db.sagaWatch.updateMany({ data: { checkAt: new Date(0) } })
  await system.startWorkers()
  const ended = await Promise.all([...waiting, ...pending].map(({ id }) => system.api.ended(id)))
  await expectOrdersCompleted(system, ended)
  expect(await countRestarts(system)).toBe(50)
})

it('a Temporal that was killed says nothing of its workflows: none is started again, and the order goes on when it is back', async () => {
  const { system, dataDir, kill, start } = await startOnOwnTemporal({
    keepsHistories: true,
    orphanAfterSeconds: 0.5,
    workers: false,
  })
  const [order] = await place(system, 1)
  await started(system)
  await kill()
  expect(await readsAndWritesOfLog(dataDir)).toEqual([2, 2])
  const checkAt = async () => (await system.db.sagaWatch.findFirst())?.checkAt?.getTime() ?? 0
  const looks = new Set<number>()
  await until('the order to be looked for three times', async () => {
    looks.add(await checkAt())
    return looks.size > 3 ? true : undefined
  })
  expect(await countRestarts(system)).toBe(0)
  await start()
  await system.startWorkers()
  await expectOrdersCompleted(system, [await system.api.ended(order?.id ?? '')])
  expect(await countRestarts(system)).toBe(0)
})

it('orders that were placed while Temporal was away are started oldest first, and before those that are placed afterwards', async () => {
  const { system, stop, start } = await startOnOwnTemporal({ keepsHistories: false, workers: false })
  await stop()
  const before = await place(system, 100)
  await start()
  const after: typeof before = []
  await until('every workflow to be started', async () => {
    if (after.length < 60) after.push(...(await place(system, 3)))
    return (await system.db.sagaStart.count()) === 0 ? true : undefined
  })
  const orders = await Promise.all(
    [...before, ...after].map(async ({ createdAt, workflow }) => ({
      placedAt: Date.parse(createdAt),
      startedAt: (await system.client.workflow.getHandle(workflow.id).describe()).startTime.getTime(),
    })),
  )
  // A call to a busy server may take its time: what counts is who is taken up first.
  const overtaken = orders.filter(({ placedAt, startedAt }) =>
    orders.some((other) => other.startedAt + 2000 < startedAt && other.placedAt > placedAt + 2000),
  )
  expect(overtaken).toEqual([])
})
