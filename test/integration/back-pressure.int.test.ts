import { randomUUID } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { freePort } from '../../stack/ports.ts'
import { orderBody } from '../harness/api-client.ts'
import { waitingForLocks } from '../harness/in-flight.ts'
import { placeOrderRow } from '../harness/order-rows.ts'
import { until } from '../harness/poll.ts'
import { makeApiKey } from '../../api-key.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'

let system: System
afterEach(() => system.close())

const post = (key: string = randomUUID()) =>
  system.api.post('/orders', orderBody(), { 'idempotency-key': key })
const told = async (response: Response) => ({
  status: response.status,
  retryAfter: response.headers.get('retry-after'),
  code: ((await response.json()) as { code?: string }).code,
})

describe('overload', () => {
  it('is answered with 503 and Retry-After at once, and what was taken in before it is not dropped', async () => {
    system = await startSystem({ workers: false, intakeMax: 2 })
    const keys = [randomUUID(), randomUUID()]
    await system.db.$transaction(
      async (db) => {
        // Two requests are held at the database, each waiting for a twin of its key.
        for (const key of keys) {
          await db.$executeRaw`INSERT INTO idempotency_keys (caller, key, body_hash, saga_id)
            VALUES ('anonymous', ${key}, '', ${randomUUID()}::uuid)`
        }
        const held = keys.map((key) => post(key))
        await until('both to be held', async () =>
          (await waitingForLocks(system.db)) === 2 ? true : undefined,
        )
        expect(await told(await post())).toEqual({ status: 503, retryAfter: '1', code: 'OVERLOADED' })
        expect((await fetch(`${system.apiUrl}/orders`)).status).toBe(200)
        expect((await Promise.all(held)).map(({ status }) => status)).toEqual([409, 409])
      },
      { timeout: 20_000 },
    )
    expect((await post()).status).toBe(202)
    expect(await system.db.order.count()).toBe(1)
  })

  it('keeps no order from being started: requests that get no connection take none from the starts', async () => {
    system = await startSystem({
      workers: false,
      async apiDatabaseUrl(place) {
        const nowhere = new URL(place)
        nowhere.port = String(await freePort())
        return nowhere.href
      },
    })
    expect((await post()).status).toBe(503)
    await placeOrderRow(system.db)
    await until('the order to be started', async () =>
      (await system.db.sagaStart.count()) === 0 ? true : undefined,
    )
  })

  it('by one caller is answered with 429 and Retry-After, and health is still shown', async () => {
    system = await startSystem({ workers: false, ratePerSecond: 5 })
    // So many that they are too many also when a slow machine spreads them over seconds.
    const answers = await Promise.all(Array.from({ length: 200 }, async () => told(await post())))
    const refused = answers.filter(({ status }) => status === 429)
    expect(refused.length).toBeGreaterThan(0)
    expect(refused.every(({ retryAfter, code }) => retryAfter === '1' && code === 'RATE_LIMITED')).toBe(true)
    expect(await system.api.get('/livez')).toEqual({ status: 'alive' })
    expect(await system.db.order.count()).toBe(200 - refused.length)
  })

  it.each([
    { trustProxy: ['1'], each: 'has a share of its own', refused: false },
    { trustProxy: ['127.0.0.1'], each: 'has a share of its own', refused: false },
    { trustProxy: [], each: 'has that of the proxy, which is not trusted', refused: true },
  ])('by clients behind a proxy ($trustProxy): each $each', async ({ trustProxy, refused }) => {
    // Behind a proxy, nobody is the developer; a page that everyone may read is limited all the same.
    const identity = { bootstrapKey: makeApiKey().key }
    system = await startSystem({ workers: false, ratePerSecond: 5, trustProxy, identity })
    const statuses = await Promise.all(
      Array.from({ length: 200 }, async (_each, n) => {
        const headers = { 'x-forwarded-for': `203.0.113.${n}` }
        return (await fetch(`${system.apiUrl}/problems/rate-limited`, { headers })).status
      }),
    )
    expect(statuses.includes(429)).toBe(refused)
    expect(statuses.includes(200)).toBe(true)
  })

  it('of 200 at once from one caller is none, by default', async () => {
    system = await startSystem({ workers: false, ratePerSecond: 1000 })
    const answers = await Promise.all(Array.from({ length: 200 }, () => post()))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]))
  })
})
