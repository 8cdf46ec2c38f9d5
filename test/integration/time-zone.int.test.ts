import { afterAll, describe, expect, it } from 'vitest'
import { startSystem } from '../harness/start.ts'
import { orderBody } from '../harness/api-client.ts'
import { until } from '../harness/poll.ts'

const closers: (() => unknown)[] = []
afterAll(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** Every zone's offset is larger; the clocks of one machine and a slow test run are not that far apart. */
const CLOSE_MS = 10 * 60_000

describe.concurrent.each(['Asia/Kolkata', 'America/New_York'])('a database in %s', (timeZone) => {
  it('shifts no time of an order', async () => {
    const system = await startSystem({ timeZone, events: true })
    closers.push(() => system.close())
    const { api, db } = system
    const [zone] = await db.$queryRaw<{ given: string; ours: string }[]>`
      SELECT reset_val AS ours, (SELECT setconfig::text FROM pg_db_role_setting
         JOIN pg_database d ON d.oid = setdatabase WHERE datname = current_database()) AS given
        FROM pg_settings WHERE name = 'TimeZone'`
    expect(zone).toEqual({ given: `{TimeZone=${timeZone}}`, ours: 'UTC' })

    const now = Date.now()
    const expectNow = (time: string) => expect(Math.abs(Date.parse(time) - now)).toBeLessThan(CLOSE_MS)
    const expectDeadline = (of: { createdAt: string; deadlineAt: string }) =>
      expect(Math.abs(Date.parse(of.deadlineAt) - Date.parse(of.createdAt) - 1_800_000)).toBeLessThan(
        CLOSE_MS,
      )

    const key = `zone-${timeZone}`
    const placed = await api.place({ key, customerId: 'cus_zone' })
    const ended = await api.ended(placed.id)
    expect(ended).toMatchObject({ status: 'completed', reason: null })
    const replayed = (await (
      await api.post('/orders', orderBody({ customerId: 'cus_zone' }), { 'idempotency-key': key })
    ).json()) as typeof placed
    for (const order of [placed, ended, replayed]) {
      expectNow(order.createdAt)
      expectNow(order.updatedAt)
      expectDeadline(order)
      expect(order.createdAt).toBe(placed.createdAt)
    }

    const events = await api.events(placed.id)
    for (const { recordedAt } of events) expectNow(recordedAt)
    expect(events[0]?.recordedAt).toBe(placed.createdAt)
    const past = await api.get<typeof placed>(`/orders/${placed.id}?asOf=${placed.createdAt}`)
    expect(past).toMatchObject({ status: 'pending', version: 1 })
    const today = await api.get<typeof placed>(`/orders/${placed.id}?asOf=${new Date().toISOString()}`)
    expect(today.status).toBe('completed')

    const summary = await until('the read model to have the order', async () => {
      const page = await api.get<{ asOf: string; data: { placedAt: string; status: string }[] }>(
        '/customers/cus_zone/orders',
      )
      return page.data[0]?.status === 'completed' ? page : undefined
    })
    expectNow(summary.asOf)
    expect(summary.data[0]?.placedAt).toBe(placed.createdAt)
  })
})
