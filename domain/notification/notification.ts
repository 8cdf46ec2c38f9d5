import type { Database } from '../../prisma/client.ts'
import { answerOf, single, type StepAnswer, type StepRow } from '../saga/step-answer.ts'

/** The development notifier: a message is a row, one per order. */
export function createNotification({ db }: { db: Database }) {
  return {
    async notifyCustomer(orderId: string, attemptNumber: number): Promise<StepAnswer<never>> {
      const rows = await db.$queryRaw<StepRow[]>`
        WITH entry AS MATERIALIZED (
          SELECT * FROM step_enter(${orderId}::uuid, 'notifyCustomer', true)
        ), sent AS (
          INSERT INTO notifications (order_id, template, customer_id)
          SELECT id, 'order-completed', customer_id FROM entry, orders
           WHERE verdict IN ('go', 'resume') AND id = ${orderId}::uuid
          RETURNING template
        ), settled AS MATERIALIZED (
          SELECT step_settle(${orderId}::uuid, 'notifyCustomer', ${attemptNumber}::integer, 'done', '{}',
            'CustomerNotified', jsonb_build_object('template', template), NULL) FROM sent
        )
        SELECT verdict, answer, (SELECT count(*) FROM settled) AS settled FROM entry`
      return answerOf(single(rows))
    },
  }
}
