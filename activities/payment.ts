import type { createPayment } from '../domain/payment/payment.ts'
import { createActivity, type AttemptPorts } from './attempt.ts'

export function createPaymentActivities(payment: ReturnType<typeof createPayment>, ports: AttemptPorts) {
  return {
    chargePayment: createActivity('chargePayment', ports, ({ id }, attempt) =>
      payment.chargePayment(id, attempt),
    ),
    refundPayment: createActivity('refundPayment', ports, ({ id }, attempt) =>
      payment.refundPayment(id, attempt),
    ),
  }
}
