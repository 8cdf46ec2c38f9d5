import { afterEach, expect, it } from 'vitest'
import { readConfig } from '../../config.ts'
import { freePort } from '../../stack/ports.ts'
import { locateTemporalCli } from '../../stack/temporal-cli.ts'
import { startTemporal } from '../../stack/temporal.ts'
import type { Order } from '../harness/api-client.ts'
import { createBackups } from '../harness/backups.ts'
import type { TestDatabase } from '../harness/database.ts'
import { expectOrdersCompleted } from '../harness/order-trials.ts'
import { until } from '../harness/poll.ts'
import { startSystem } from '../harness/start.ts'
import type { System, SystemOptions } from '../harness/system.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** A system on a Temporal that knows nothing, with relay, projector and what runs choreographed orders. */
async function startOnEmptyTemporal(
  options: SystemOptions,
): Promise<{ system: System; stop: () => Promise<void> }> {
  const cli = await locateTemporalCli(readConfig(), () => undefined)
  const temporal = await startTemporal({ cli, port: await freePort(), namespace: 'default' })
  closers.push(() => temporal.stop())
  const system = await startSystem({
    ...options,
    temporalAddress: temporal.address,
    orphanAfterSeconds: 1,
    events: true,
    choreography: true,
  })
  let isRunning = true
  const stop = async () => {
    if (isRunning) await system.close()
    isRunning = false
  }
  closers.push(stop)
  return { system, stop }
}

const shown = async ({ api }: System, { id }: Order) => ({
  order: await api.order(id),
  events: await api.events(id),
})

/** Of both coordinations in turn. */
const place = (system: System, count: number) =>
  Promise.all(
    Array.from({ length: count }, (_, index) =>
      system.api.place({ coordination: index % 2 === 0 ? 'choreography' : 'orchestration' }),
    ),
  )

/** What the backup knows of those orders. */
async function known({ db }: TestDatabase, orders: readonly Order[]): Promise<Order[]> {
  const sagas = await db.saga.findMany({ select: { id: true } })
  return orders.filter(({ id }) => sagas.some((saga) => saga.id === id))
}

const showsAll = ({ db }: System) =>
  until('the read models to show every order as it is', async () => {
    const late = await db.$queryRaw<unknown[]>`
      SELECT 1 FROM sagas s LEFT JOIN (order_summaries o JOIN projections p ON p.name = 'order-summary' AND p.generation = o.generation)
          ON o.order_id = s.id WHERE o.version IS DISTINCT FROM s.version`
    return late.length === 0 ? true : undefined
  })

it('a backup of a running system, restored into an empty database and an empty Temporal: every order ends, each charged once, and those that had ended read the same', async () => {
  const backups = await createBackups()
  closers.push(() => backups.close())
  const { system: before, stop } = await startOnEmptyTemporal({ input: { pace: 0.5 } })
  const parked = await before.api.place({ paymentMethod: 'pm_refund_fails_9', service: 'refused' })
  const finished = [await before.api.run(), await before.api.run({ paymentMethod: 'pm_declined' })]
  await before.api.notified(finished[0]?.id ?? '')
  await before.api.reached(parked.id, 'parked')
  await before.world.break({ payment: 'limited' })
  const waiting = await place(before, 5)
  const [turning, leaving] = [await before.api.place({ service: 'refused' }), await before.api.place()]
  for (const { id } of [...waiting, turning, leaving]) await before.api.reached(id, 'waiting')
  const readsBefore = await Promise.all(finished.map((order) => shown(before, order)))

  const meanwhile = place(before, 20)
  const folder = await backups.take(before, 'of the running system')
  const underWay = [...waiting, ...(await meanwhile)]
  // Its life goes on: providers act on what the backup has open.
  await before.api.cancel(leaving.id)
  await before.world.mend()
  expect([(await before.api.ended(turning.id)).status, (await before.api.ended(leaving.id)).status]).toEqual([
    'rejected',
    'cancelled',
  ])
  await Promise.all(underWay.map(({ id }) => before.api.ended(id)))
  const unknown = await before.api.run()
  await stop()

  const database = await backups.emptyDatabase()
  await backups.restore(folder, database)
  expect(await database.db.saga.findUnique({ where: { id: parked.id } })).toMatchObject({ status: 'parked' })
  await before.world.revive()
  const { system: after } = await startOnEmptyTemporal({
    database,
    world: before.world,
    input: { pace: 0.1 },
  })
  expect(await Promise.all(finished.map((order) => shown(after, order)))).toEqual(readsBefore)

  const open = await known(database, underWay)
  expect(open.length).toBeGreaterThanOrEqual(waiting.length)
  const ended = await Promise.all(open.map(({ id }) => after.api.ended(id)))
  await expectOrdersCompleted(after, ended)
  expect(await after.api.ended(parked.id)).toMatchObject({ status: 'rejected' })
  const { charges, refunds } = await after.api.ledger(parked.id)
  expect([charges.map(({ state }) => state), refunds.length]).toEqual([['refunded'], 1])

  for (const { id } of [turning, leaving]) {
    expect(await after.api.ended(id)).toMatchObject({
      status: 'rejected',
      reason: { step: 'chargePayment', detail: 'The provider says that this was undone before.' },
    })
    expect((await after.api.ledger(id)).charges.filter(({ state }) => state !== 'refunded')).toEqual([])
  }

  // What was placed after the backup is known to the providers alone.
  expect((await fetch(`${after.apiUrl}/orders/${unknown.id}`)).status).toBe(404)
  expect((await after.api.ledger(unknown.id)).charges).toMatchObject([{ state: 'charged' }])
  await expectOrdersCompleted(after, [await after.api.run()])
  await showsAll(after)
})
