import { HOT_SKU, UNSERVED, skuAt, type Order } from './participants.ts'
import type { Outcome } from './protocol.ts'

/** One order in ten goes to a country that the carrier does not serve. */
const REFUSED_EVERY = 10

export const orderAt = (run: string, n: number, isHot: boolean): Order => ({
  id: `${run}-${n}`,
  // A step that shares no divisor with the number of SKUs: neighbours in time are not neighbours in the table.
  sku: isHot ? HOT_SKU : skuAt(n * 77),
  country: n % REFUSED_EVERY === REFUSED_EVERY - 1 ? UNSERVED : 'NL',
})

/** No run carries out more, however fast it is. */
const ORDERS_MAX = 50_000

export interface Timed {
  orders: number
  refused: number
  elapsedMs: number
  latenciesMs: number[]
}

/**
 * A closed loop: each worker carries out one order after the other, and begins none after the window. The time ends with
 * the last order, so that the queue for a hot row counts.
 */
export async function runLoad(
  workers: readonly ((order: Order) => Promise<Outcome>)[],
  next: (n: number) => Order,
  durationMs: number,
): Promise<Timed> {
  const latenciesMs: number[] = []
  let [begun, refused] = [0, 0]
  const startedAt = performance.now()
  await Promise.all(
    workers.map(async (carryOut) => {
      while (begun < ORDERS_MAX && performance.now() - startedAt < durationMs) {
        const order = next(begun)
        begun += 1
        const beganAt = performance.now()
        const outcome = await carryOut(order)
        latenciesMs.push(performance.now() - beganAt)
        if (outcome === 'refused') refused += 1
      }
    }),
  )
  return { orders: begun, refused, elapsedMs: performance.now() - startedAt, latenciesMs }
}
