import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, inject, it } from 'vitest'
import { expectOrdersCompleted } from '../harness/order-trials.ts'
import { until } from '../harness/poll.ts'
import { startSystem } from '../harness/start.ts'
import { startTcpProxy } from '../harness/tcp-proxy.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** Longer than any call to Temporal is given. */
const SILENCE_MS = 10_000

it('a line to Temporal that swallows everything for a while stops no loop: what was placed, cancelled or lost meanwhile is carried on', async () => {
  const [host = '', port] = inject('servers').temporalAddress.split(':')
  const line = await startTcpProxy({ host, port: Number(port) })
  const system = await startSystem({
    temporalAddress: `127.0.0.1:${line.port}`,
    orphanAfterSeconds: 1,
    input: { pace: 0.1 },
  })
  closers.push(
    () => line.close(),
    () => system.close(),
  )
  const { api, world, db } = system
  const place = () => Promise.all([1, 2, 3].map(() => api.place()))
  await world.break({ payment: 'limited' })
  const waiting = await place()
  for (const { id } of waiting) await api.reached(id, 'waiting')
  line.swallow()
  const [cancelled, lost, ...others] = waiting
  if (cancelled === undefined || lost === undefined) throw new Error('there are too few')
  expect((await api.cancel(cancelled.id)).status).toBe(202)
  const placed = await place()
  await sleep(SILENCE_MS)
  line.mend()
  // Its workflow is lost: only the search for orphans brings it back.
  const { workflow } = await api.order(lost.id)
  await until('the workflow to be terminated', () =>
    system.client.workflow
      .getHandle(workflow.id)
      .terminate()
      .then(
        () => true,
        () => undefined,
      ),
  )
  await until('the lost workflow to be restarted', async () =>
    (await db.event.count({ where: { type: 'WorkflowRestarted' } })) > 0 ? true : undefined,
  )
  await world.mend()
  expect(await api.ended(cancelled.id)).toMatchObject({ status: 'cancelled' })
  const ended = await Promise.all([lost, ...others, ...placed].map(({ id }) => api.ended(id)))
  await expectOrdersCompleted(system, ended)
})
