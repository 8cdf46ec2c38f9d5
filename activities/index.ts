import type { createInventory } from '../domain/inventory/inventory.ts'
import type { createLoyalty } from '../domain/loyalty/loyalty.ts'
import type { createNotification } from '../domain/notification/notification.ts'
import type { createCompletion } from '../domain/order/completion.ts'
import type { createPayment } from '../domain/payment/payment.ts'
import type { Journal } from '../domain/saga/journal.ts'
import type { createShipping } from '../domain/shipping/shipping.ts'
import type { createTransferSteps } from '../domain/transfer/transfer.ts'
import { createAccountActivities } from './account.ts'
import type { AttemptPorts } from './attempt.ts'
import { createInventoryActivities } from './inventory.ts'
import { createLoyaltyActivities } from './loyalty.ts'
import { createNotificationActivities } from './notification.ts'
import { createOrderActivities } from './order.ts'
import { createPaymentActivities } from './payment.ts'
import { createShippingActivities } from './shipping.ts'
import { createTransferActivities } from './transfer.ts'

export interface Services {
  inventory: ReturnType<typeof createInventory>
  payment: ReturnType<typeof createPayment>
  shipping: ReturnType<typeof createShipping>
  loyalty: ReturnType<typeof createLoyalty>
  notification: ReturnType<typeof createNotification>
  completion: ReturnType<typeof createCompletion>
  journal: Journal
  transfers: ReturnType<typeof createTransferSteps>
  transferJournal: Journal
}

/** The registry: every activity, by the participant whose queue it is on. */
export function createActivities(services: Services, ports: AttemptPorts) {
  return {
    inventory: createInventoryActivities(services.inventory, ports),
    payment: createPaymentActivities(services.payment, ports),
    shipping: createShippingActivities(services.shipping, ports),
    loyalty: createLoyaltyActivities(services.loyalty, ports),
    notification: createNotificationActivities(services.notification, ports),
    order: createOrderActivities(services.completion, services.journal, ports),
    account: createAccountActivities(services.transfers, ports),
    transfer: createTransferActivities(services.transferJournal, ports),
  }
}

export type Activities = ReturnType<typeof createActivities>
