import { ApplicationFailure } from '@temporalio/common'
import type { Database } from '../../../prisma/client.ts'
import type { Order } from '../order.ts'
import type { Answer, Providers } from '../providers.ts'

type Transaction = Parameters<Parameters<Database['$transaction']>[0]>[0]

interface Line {
  sku: string
  quantity: number
}

/** In the order of their SKUs, so that orders of several products do not deadlock. */
const linesOf = (tx: Transaction, id: string) =>
  tx.$queryRaw<Line[]>`SELECT sku, quantity FROM order_lines WHERE order_id = ${id} ORDER BY sku`

async function stateOfReservation(tx: Transaction, id: string): Promise<string | undefined> {
  const [found] = await tx.$queryRaw<{ state: string }[]>`
    SELECT state FROM reservations WHERE order_id = ${id} FOR UPDATE`
  return found?.state
}

function insist<Effect>(answer: Answer<Effect>): Effect {
  if ('refusal' in answer) throw ApplicationFailure.nonRetryable('The provider refused.', answer.refusal)
  return answer.effect
}

/** The steps of an order, each of which may be repeated: one interactive transaction, after the provider if it has one. */
export const createActivities = (db: Database, providers: Providers) => ({
  reserveStock: (id: string): Promise<void> =>
    db.$transaction(async (tx) => {
      if ((await stateOfReservation(tx, id)) !== undefined) return
      for (const { sku, quantity } of await linesOf(tx, id)) {
        const moved = await tx.$executeRaw`
          UPDATE stock SET available = available - ${quantity}, reserved = reserved + ${quantity}
           WHERE sku = ${sku} AND available >= ${quantity}`
        if (moved === 0) throw ApplicationFailure.nonRetryable(`Too little of ${sku}.`, 'OUT_OF_STOCK')
      }
      await tx.$executeRaw`INSERT INTO reservations VALUES (${id}, 'reserved')`
    }),

  releaseStock: (id: string): Promise<void> =>
    db.$transaction(async (tx) => {
      if ((await stateOfReservation(tx, id)) !== 'reserved') return
      for (const { sku, quantity } of await linesOf(tx, id))
        await tx.$executeRaw`
          UPDATE stock SET available = available + ${quantity}, reserved = reserved - ${quantity} WHERE sku = ${sku}`
      await tx.$executeRaw`UPDATE reservations SET state = 'released' WHERE order_id = ${id}`
    }),

  async chargePayment(order: Order): Promise<void> {
    const { id: providerRef } = insist(await providers.charge(order))
    await db.$transaction(async (tx) => {
      await tx.$executeRaw`
        INSERT INTO charges VALUES (${order.id}, ${providerRef}, ${order.totalMinor}, 'live') ON CONFLICT DO NOTHING`
    })
  },

  async refundPayment(order: Order): Promise<void> {
    await providers.refund(order)
    await db.$transaction(async (tx) => {
      await tx.$executeRaw`UPDATE charges SET state = 'refunded' WHERE order_id = ${order.id} AND state = 'live'`
    })
  },

  async createShipment(order: Order): Promise<void> {
    const { trackingNumber } = insist(await providers.ship(order))
    await db.$transaction(async (tx) => {
      await tx.$executeRaw`INSERT INTO shipments VALUES (${order.id}, ${trackingNumber}) ON CONFLICT DO NOTHING`
    })
  },

  awardPoints: (id: string): Promise<void> =>
    db.$transaction(async (tx) => {
      await tx.$executeRaw`
        INSERT INTO loyalty_entries SELECT id, customer_id, total_minor / 100 FROM orders WHERE id = ${id}
        ON CONFLICT DO NOTHING`
    }),

  complete: (id: string): Promise<void> =>
    db.$transaction(async (tx) => {
      if ((await stateOfReservation(tx, id)) !== 'reserved') return
      for (const { sku, quantity } of await linesOf(tx, id))
        await tx.$executeRaw`
          UPDATE stock SET reserved = reserved - ${quantity}, sold = sold + ${quantity} WHERE sku = ${sku}`
      await tx.$executeRaw`UPDATE reservations SET state = 'sold' WHERE order_id = ${id}`
      await tx.$executeRaw`
        UPDATE orders SET status = 'completed', ended_at = clock_timestamp() WHERE id = ${id} AND status = 'pending'`
    }),

  reject: (id: string): Promise<void> =>
    db.$transaction(async (tx) => {
      await tx.$executeRaw`
        UPDATE orders SET status = 'rejected', ended_at = clock_timestamp() WHERE id = ${id} AND status = 'pending'`
    }),
})

export type Activities = ReturnType<typeof createActivities>
