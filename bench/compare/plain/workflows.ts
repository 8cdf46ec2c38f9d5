import { proxyActivities } from '@temporalio/workflow'
import type { Order } from '../order.ts'
import type { Activities } from './activities.ts'

const {
  reserveStock,
  releaseStock,
  chargePayment,
  refundPayment,
  createShipment,
  awardPoints,
  complete,
  reject,
} = proxyActivities<Activities>({ startToCloseTimeout: '10 seconds' })

/**
 * The saga of an order as samples have it. Activities are retried without end, so what fails is a refusal. Nothing
 * after the shipment is refused, which is why neither that nor the points have a compensation.
 */
export async function orderSaga(order: Order): Promise<'completed' | 'rejected'> {
  const compensations: (() => Promise<void>)[] = []
  try {
    await reserveStock(order.id)
    compensations.unshift(() => releaseStock(order.id))
    await chargePayment(order)
    compensations.unshift(() => refundPayment(order))
    await createShipment(order)
    await awardPoints(order.id)
    await complete(order.id)
    return 'completed'
  } catch {
    for (const compensate of compensations) await compensate()
    await reject(order.id)
    return 'rejected'
  }
}
