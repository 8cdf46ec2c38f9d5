import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { orderBody } from '../../test/harness/api-client.ts'
import type { Ended, Running } from './contestant.ts'
import { spreadSku } from './servers.ts'

/** What an order asks for. Each has a customer of its own: no two meet at a row but that of a product. */
export interface Wish {
  sku: string
  isRefused: boolean
}

/** Every tenth order is refused at shipping, after its charge, and undone. */
export const spread = (n: number): Wish => ({ sku: spreadSku(n), isRefused: n % 10 === 9 })

/** Milliseconds since 1970 by the clock of this machine. */
export interface Placed {
  id: string
  /** When the load wanted it: later than that only because an order before it was not done, or this process was busy. */
  intendedAt: number
  acceptedAt: number
  endedAt: number
  outcome: Ended['outcome']
}

/** How often the orders that have ended are asked for, by how many are in flight. */
const WATCH_MS = { alone: 2, few: 5, many: 20 }
const FEW = 8

/** An order that has not ended by then fails the run. */
const PATIENCE_MS = 180_000
/** A place that was refused for the time being, or whose front is just being started again, is taken again. */
const RETRY_MS = 50

/** Places orders at one contestant, and sees when each has ended. */
export interface Load {
  /** Keeps so many orders in flight for a while. All have ended when this is done. */
  closed(inFlight: number, forMs: number, wish?: (n: number) => Wish): Promise<Placed[]>
  /** Wants an order at each interval, whatever became of those before. */
  open(perSecond: number, forMs: number): Promise<Placed[]>
  /** Wants so many at the same time. @param onEnded called with how many have ended. */
  burst(
    orders: number,
    options?: { wish?: (n: number) => Wish; onEnded?: (ended: number) => void },
  ): Promise<Placed[]>
  close(): Promise<void>
}

export function openLoad(running: Running): Load {
  const dispatcher = new Agent({ connections: 256, pipelining: 1 })
  const now = createClock()
  let placed = 0

  const place = async ({ sku, isRefused }: Wish, intendedAt: number) => {
    placed += 1
    const body = {
      ...orderBody({
        customerId: `cus_${placed}`,
        lines: [{ sku, quantity: 1 }],
        service: isRefused ? 'refused' : 'standard',
      }),
      ...running.body,
    }
    const headers = { 'content-type': 'application/json', 'idempotency-key': randomUUID() }
    const options = { method: 'POST', headers, body: JSON.stringify(body), dispatcher } as const
    for (const giveUpAt = now() + PATIENCE_MS; ;) {
      const answer = await request(`${running.url}/orders`, options).catch(() => undefined)
      const text = await answer?.body.text().catch(() => undefined)
      if (answer?.statusCode === 202 && text !== undefined)
        return { id: (JSON.parse(text) as { id: string }).id, intendedAt, acceptedAt: now() }
      if (answer !== undefined && !isForNow(answer.statusCode))
        throw new Error(`An order was answered with ${answer.statusCode}: ${text}`)
      if (now() > giveUpAt) throw new Error('An order was not accepted in time.')
      await sleep(RETRY_MS)
    }
  }

  const watch = createWatch(running)
  const carry = async (wish: Wish, intendedAt: number): Promise<Placed> => {
    const accepted = await place(wish, intendedAt)
    const { atMs, outcome } = await watch.ended(accepted.id)
    return { ...accepted, endedAt: atMs, outcome }
  }

  return {
    async closed(inFlight, forMs, wish = spread) {
      watch.every(inFlight === 1 ? WATCH_MS.alone : inFlight <= FEW ? WATCH_MS.few : WATCH_MS.many)
      const orders: Placed[] = []
      const until = now() + forMs
      let n = 0
      const one = async () => {
        while (now() < until) {
          n += 1
          orders.push(await carry(wish(n - 1), now()))
        }
      }
      await Promise.all(Array.from({ length: inFlight }, one))
      return orders
    },
    async open(perSecond, forMs) {
      watch.every(WATCH_MS.many)
      const beganAt = now()
      const all: Promise<Placed>[] = []
      for (let n = 0; n < (perSecond * forMs) / 1000; n += 1) {
        const intendedAt = beganAt + (n * 1000) / perSecond
        const early = intendedAt - now()
        if (early > 0) await sleep(early)
        all.push(carry(spread(n), intendedAt))
      }
      return Promise.all(all)
    },
    burst(orders, { wish = spread, onEnded } = {}) {
      watch.every(WATCH_MS.many)
      const intendedAt = now()
      let ended = 0
      return Promise.all(
        Array.from({ length: orders }, async (_, n) => {
          const order = await carry(wish(n), intendedAt)
          ended += 1
          onEnded?.(ended)
          return order
        }),
      )
    },
    async close() {
      await watch.stop()
      await dispatcher.destroy()
    },
  }
}

/** Its client may ask again under the same key: a front whose engine was killed answers 500, too. */
const isForNow = (status: number) => status === 202 || status === 429 || status >= 500

/** Asks again and again which orders have ended. */
function createWatch(running: Running) {
  const ends = new Map<string, Ended>()
  const waiting = new Map<string, (ended: Ended) => void>()
  let everyMs = WATCH_MS.many
  const stopping = new AbortController()

  const look = async () => {
    for (const ended of await running.ended()) {
      ends.set(ended.id, ended)
      waiting.get(ended.id)?.(ended)
    }
  }
  const looking = (async () => {
    while (!stopping.signal.aborted) {
      await look()
      await sleep(everyMs)
    }
  })()
  // It fails where it is waited for, too.
  looking.catch(() => undefined)

  return {
    every: (ms: number) => void (everyMs = ms),
    ended: (id: string): Promise<Ended> =>
      new Promise((resolve, reject) => {
        const found = ends.get(id)
        if (found !== undefined) return resolve(found)
        const late = setTimeout(() => reject(new Error(`Order ${id} has not ended in time.`)), PATIENCE_MS)
        looking.catch(reject)
        waiting.set(id, (ended) => {
          clearTimeout(late)
          waiting.delete(id)
          resolve(ended)
        })
      }),
    async stop() {
      stopping.abort()
      await looking
    },
  }
}

/** The clock of this machine to the microsecond. It is set by the one that shows milliseconds, and then runs by itself. */
function createClock(): () => number {
  const shown = Date.now()
  let next = shown
  while (next === shown) next = Date.now()
  const offset = next - performance.now()
  return () => offset + performance.now()
}
