import { randomUUID } from 'node:crypto'
import { expect, it } from 'vitest'
import { createReturnMessages } from '../../domain/return/messages.ts'
import { createParcelFeed } from '../../domain/shipping/parcel-feed.ts'
import type { ProviderResponse } from '../../domain/provider/http.ts'
import type { Return } from '../harness/api-client.ts'
import { until } from '../harness/poll.ts'
import { startSystem } from '../harness/start.ts'
import type { System, SystemOptions } from '../harness/system.ts'

const BECAUSE = { reason: 'It leaks.' }
const SEEN = { reason: 'Looked at the photograph.' }

const withSystem = async (options: SystemOptions, work: (system: System) => Promise<void>) => {
  const system = await startSystem({ input: { pace: 0.02 }, ...options })
  try {
    await work(system)
  } finally {
    await system.close()
  }
}

/** A return of a whole order of 3180, which waits for its operator. */
async function asked({ api }: System, customerId: string, wishes = {}): Promise<Return> {
  const order = await api.run({ customerId, lines: [{ sku: 'TEA-001', quantity: 4 }], ...wishes })
  return api.askToReturn(order.id, BECAUSE)
}

const approved = async (system: System, { id }: Return): Promise<void> => {
  expect((await system.api.post(`/operations/returns/${id}/approve`, SEEN)).status).toBe(202)
  await system.world.receiveParcel(id)
}

const untilParked = ({ api }: System, id: string) =>
  until('it to be parked', async () =>
    (await api.parked('?kind=return')).find(({ returnId }) => returnId === id),
  )

const broken = async ({ api }: System) =>
  (await api.invariants()).checks.filter(({ ok }) => !ok).map(({ name }) => name)

it.concurrent('a refund that the gateway refuses for good is in sight, and an operator settles it', () =>
  withSystem({}, async (system) => {
    const { api, sandboxUrl } = system
    const back = await asked(system, 'cus_exceeds')
    // Some of it was given back by hand.
    const planted = await fetch(`${sandboxUrl}/partial-refunds`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': randomUUID() },
      body: JSON.stringify({
        chargeKey: `order:${back.orderId}:chargePayment`,
        amountMinor: 1000,
        currency: 'EUR',
      }),
    })
    expect(planted.status).toBe(201)
    await approved(system, back)
    expect(await untilParked(system, back.id)).toMatchObject({
      step: 'refundReturn',
      errorClass: 'REFUND_EXCEEDS_CHARGE',
    })
    expect((await api.post(`/operations/returns/${back.id}/retry`, SEEN)).status).toBe(202)
    const skip = { step: 'refundReturn', ...SEEN }
    expect((await api.post(`/operations/returns/${back.id}/skip`, skip)).status).toBe(202)
    await system.client.workflow.getHandle(`return-${back.id}`).result()
    expect(await api.parked('?kind=return')).toEqual([])
    expect((await api.return(back.id)).steps.at(-1)).toMatchObject({ state: 'skipped' })
    expect(await broken(system)).toEqual([])
  }))

it.concurrent('a refund that was made, and then written off, is found by a check', () =>
  withSystem({}, async (system) => {
    const { api, world } = system
    const back = await asked(system, 'cus_written_off')
    await world.break({ payment: 'drop' })
    await approved(system, back)
    await untilParked(system, back.id)
    const skip = { step: 'refundReturn', ...SEEN }
    expect((await api.post(`/operations/returns/${back.id}/skip`, skip)).status).toBe(202)
    await world.mend()
    expect((await api.ledger(back.orderId)).refunds).toHaveLength(1)
    expect(await broken(system)).toEqual(['refunds-at-gateway'])
  }))

it.concurrent('a pivot that fails from the start is in sight, and no longer once it merely waits', () =>
  withSystem({}, async (system) => {
    const { api, interferences } = system
    interferences.plan('cus_pivot', 'restockReturn', { kind: 'faults', times: 12 })
    const back = await asked(system, 'cus_pivot')
    expect(await untilParked(system, back.id)).toMatchObject({ step: 'restockReturn' })
    await until('it to wait for its operator alone', async () => {
      const [pivot] = (await api.return(back.id)).steps
      return pivot?.state === 'waiting' && pivot.detail === 'MESSAGE' ? true : undefined
    })
    expect(await api.parked('?kind=return')).toEqual([])
    await approved(system, back)
    await api.returned(back.id, 'refunded')
    expect(await broken(system)).toEqual([])
  }))

it.concurrent('a workflow that is lost after its message was heard is found again within minutes', () =>
  withSystem({ orphanAfterSeconds: 1 }, async (system) => {
    const { api, world, client, db } = system
    const back = await asked(system, 'cus_lost')
    await until('it to be looked for tomorrow', async () => {
      const watch = await db.sagaWatch.findUnique({ where: { sagaId: back.id } })
      return (watch?.checkAt?.getTime() ?? 0) > Date.now() + 3_600_000 ? true : undefined
    })
    await world.break({ payment: 'down' })
    await approved(system, back)
    await api.returned(back.id, 'received')
    await client.workflow.getHandle(`return-${back.id}`).terminate('lost')
    await world.mend()
    await api.returned(back.id, 'refunded')
    expect((await api.ledger(back.orderId)).refunds).toHaveLength(1)
  }))

it.concurrent('a workflow that is lost while its return waits is looked for when its time is over', () =>
  withSystem({ orphanAfterSeconds: 1, returnExpiresAfterSeconds: 15 }, async (system) => {
    const { api, client } = system
    const back = await asked(system, 'cus_lost_waiting')
    await until('it to wait', async () =>
      (await api.return(back.id)).steps[0]?.state === 'waiting' ? true : undefined,
    )
    await client.workflow.getHandle(`return-${back.id}`).terminate('lost')
    await api.returned(back.id, 'expired')
    expect((await api.ledger(back.orderId)).refunds).toEqual([])
  }))

it.concurrent('a carrier that lost its list, and has a longer one by now, is read from the beginning', () =>
  withSystem({}, async (system) => {
    const { api, world, db } = system
    await db.parcelFeed.updateMany({ data: { cursor: '3-of-another-list' } })
    const back = await asked(system, 'cus_list')
    for (const other of ['a', 'b', 'c'.repeat(150)]) await world.receiveParcel(other)
    await approved(system, back)
    await api.returned(back.id, 'refunded')
    expect((await api.ledger(back.orderId)).refunds).toHaveLength(1)
  }))

it.concurrent('the words of a return that is still to be decided on are not erased for the age of its order', () =>
  withSystem({}, async (system) => {
    const back = await asked(system, 'cus_words')
    await system.api.notified(back.orderId)
    await system.db.$queryRaw`SELECT personal_data_expire(0) AS erased`
    expect(await system.api.return(back.id)).toMatchObject({ status: 'requested', ...BECAUSE })
  }))

it.concurrent('a list without end is read in bounds, what is no parcel is passed over, and a lost place is asked for once', () =>
  withSystem({ workers: false }, async ({ db, api }) => {
    await db.$executeRaw`UPDATE parcel_feed SET cursor = 'lost'`
    const messages = createReturnMessages({ db })
    const asks: string[] = []
    const pages: Record<string, ProviderResponse> = {
      '/parcels?after=lost': { status: 410, body: { code: 'UNKNOWN_CURSOR' } },
    }
    const feed = createParcelFeed({
      messages,
      async carrier({ path }) {
        asks.push(path)
        const body = { data: [{ reference: 7 }, 'parcel', null], cursor: `c${asks.length}`, hasMore: true }
        return { kind: 'ok', effect: pages[path] ?? { status: 200, body } }
      },
    })
    // Nothing is asked while no return is open.
    await feed.advance()
    expect(asks).toEqual([])
    expect((await api.parked('?kind=return')).length).toBe(0)
    await db.$executeRaw`UPDATE parcel_feed SET look_at = now()`
    await openReturn(db)
    await feed.advance()
    expect(asks).toEqual(['/parcels?after=lost'])
    await db.$executeRaw`UPDATE parcel_feed SET look_at = now()`
    await feed.advance()
    expect([asks[1], asks.length]).toEqual(['/parcels', 21])
  }))

/** A return that waits, without the order that it is of. */
async function openReturn(db: System['db']): Promise<void> {
  const id = randomUUID()
  await db.$executeRaw`INSERT INTO sagas (id, definition, deadline_at) VALUES (${id}::uuid, 'return@1', now())`
  await db.$executeRaw`
    INSERT INTO orders (id, customer_id, currency, total_minor, payment_method, shipping_service)
    VALUES (${id}::uuid, 'cus_feed', 'EUR', 1, 'pm_ok', 'standard')`
  await db.$executeRaw`
    INSERT INTO returns (id, order_id, customer_id, amount_minor, currency)
    VALUES (${id}::uuid, ${id}::uuid, 'cus_feed', 1, 'EUR')`
}
