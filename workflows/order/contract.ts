import { outline, WAKE_UPDATE } from '../saga/definition.ts'
import { orderSaga } from './steps.ts'

/** All that a client may know of the order saga. */
export const ORDER_SAGA = {
  workflowType: 'OrderSaga',
  queue: 'order',
  definition: orderSaga.name,
  steps: outline(orderSaga),
  wakeUpdate: WAKE_UPDATE,
} as const

/** The workflow's id, and the id of the order's event stream. */
export const orderWorkflowId = (orderId: string) => `order-${orderId}`

export type { SagaInput } from '../saga/on-temporal.ts'
