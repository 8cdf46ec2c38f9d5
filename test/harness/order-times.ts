import type { Client } from '@temporalio/client'
import type { Database } from '../../prisma/client.ts'
import { ORDER_SAGA } from '../../workflows/order/contract.ts'
import { until } from './poll.ts'

/** Milliseconds. An order is placed and ended by the clock of the database, and started by that of Temporal. */
export interface OrderTimes {
  placedAt: number
  startedAt: number
  endedAt: number | undefined
}

/** How long Temporal's lists may be behind. */
const LIST_PATIENCE_MS = 60_000

const ENDS = ['OrderCompleted', 'OrderRejected', 'OrderCancelled']

/** The times of all orders of a customer, whose starts have all been made. @throws Error when one has no workflow. */
export async function timesOf(db: Database, client: Client, customerId: string): Promise<OrderTimes[]> {
  const orders = await db.$queryRaw<{ id: string; placedAt: Date; endedAt: Date | null }[]>`
    SELECT s.id, s.created_at AS "placedAt", e.recorded_at AS "endedAt"
      FROM orders o JOIN sagas s ON s.id = o.id
      LEFT JOIN events e ON e.stream_id = 'order-' || s.id AND e.type = ANY (${ENDS}::text[])
     WHERE o.customer_id = ${customerId}`
  const first = new Date(Math.min(...orders.map(({ placedAt }) => placedAt.getTime())))
  return until(
    `the start of each of ${orders.length} orders`,
    async () => {
      const starts = await startsSince(client, first)
      const times = orders.flatMap(({ id, placedAt, endedAt }) => {
        const startedAt = starts.get(ORDER_SAGA.workflowId(id))
        return startedAt === undefined
          ? []
          : [{ placedAt: placedAt.getTime(), startedAt, endedAt: endedAt?.getTime() }]
      })
      return times.length === orders.length ? times : undefined
    },
    LIST_PATIENCE_MS,
  )
}

/** When each workflow of an order was started first, by its id. */
async function startsSince(client: Client, time: Date): Promise<Map<string, number>> {
  const starts = new Map<string, number>()
  const query = `WorkflowType = '${ORDER_SAGA.workflowType}' AND StartTime >= '${time.toISOString()}'`
  for await (const { workflowId, startTime } of client.workflow.list({ query, pageSize: 1000 })) {
    starts.set(workflowId, Math.min(startTime.getTime(), starts.get(workflowId) ?? Number.POSITIVE_INFINITY))
  }
  return starts
}

/** How many were started although another, placed more than `toleranceMs` earlier, was not. */
export function overtakes(
  orders: readonly Pick<OrderTimes, 'placedAt' | 'startedAt'>[],
  toleranceMs: number,
): number {
  const byPlacing = orders.toSorted((a, b) => a.placedAt - b.placedAt)
  let earlier = 0
  let lastStartOfEarlier = Number.NEGATIVE_INFINITY
  return byPlacing.filter(({ placedAt, startedAt }) => {
    for (;;) {
      const next = byPlacing[earlier]
      if (next === undefined || next.placedAt >= placedAt - toleranceMs) break
      lastStartOfEarlier = Math.max(lastStartOfEarlier, next.startedAt)
      earlier += 1
    }
    return startedAt < lastStartOfEarlier
  }).length
}

export async function countOrders(db: Database, customerId: string) {
  const [row] = await db.$queryRaw<{ placed: number; ended: number; toStart: number }[]>`
    SELECT count(*)::integer AS placed, count(n.saga_id)::integer AS "toStart",
           count(*) FILTER (WHERE s.status IN ('completed', 'rejected', 'cancelled'))::integer AS ended
      FROM orders o JOIN sagas s ON s.id = o.id LEFT JOIN saga_starts n ON n.saga_id = o.id
     WHERE o.customer_id = ${customerId}`
  return row ?? { placed: 0, ended: 0, toStart: 0 }
}
