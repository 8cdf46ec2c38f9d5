import { rowStep } from '../saga/row-step.ts'

/** The development notifier: a message is a row, one per order. */
export const notifyCustomer = rowStep<{ CustomerNotified: { template: string } }>()({
  name: 'notifyCustomer',
  kind: 'retriable',
  event: 'CustomerNotified',
  effect: `
    INSERT INTO notifications (order_id, template, customer_id)
    SELECT id, 'order-completed', customer_id FROM admitted JOIN orders ON id = saga_id
    RETURNING jsonb_build_object('template', template) AS outcome`,
})
