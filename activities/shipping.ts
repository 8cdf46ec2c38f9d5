import type { createShipping } from '../domain/shipping/shipping.ts'
import { createActivity, type AttemptPorts } from './attempt.ts'

export function createShippingActivities(shipping: ReturnType<typeof createShipping>, ports: AttemptPorts) {
  return {
    createShipment: createActivity('createShipment', ports, ({ id }, attempt) =>
      shipping.createShipment(id, attempt),
    ),
    cancelShipment: createActivity('cancelShipment', ports, ({ id }, attempt) =>
      shipping.cancelShipment(id, attempt),
    ),
  }
}
