import type { Services } from '../activities/index.ts'
import type { Config } from '../config.ts'
import { createInventory } from '../domain/inventory/inventory.ts'
import { createLoyalty } from '../domain/loyalty/loyalty.ts'
import { createNotification } from '../domain/notification/notification.ts'
import { createCompletion } from '../domain/order/completion.ts'
import { createOrderJournal } from '../domain/order/journal.ts'
import { createPaymentGateway } from '../domain/payment/gateway.ts'
import { createPayment } from '../domain/payment/payment.ts'
import { createProviderHttp } from '../domain/provider-http.ts'
import type { Reach } from '../domain/saga/provider-step.ts'
import { createCarrier } from '../domain/shipping/carrier.ts'
import { createShipping } from '../domain/shipping/shipping.ts'
import type { Database } from '../prisma/client.ts'

/** The wiring: what the activities of a worker call. */
export function createServices(
  db: Database,
  providers: { payment: string; shipping: string },
  reach: Reach,
): Services {
  const paymentHttp = createProviderHttp({ name: 'payment', baseUrl: providers.payment })
  const shippingHttp = createProviderHttp({ name: 'shipping', baseUrl: providers.shipping })
  return {
    inventory: createInventory({ db }),
    payment: createPayment({ db, gateway: createPaymentGateway(paymentHttp), reach }),
    shipping: createShipping({ db, carrier: createCarrier(shippingHttp), reach }),
    loyalty: createLoyalty({ db }),
    notification: createNotification({ db }),
    completion: createCompletion({ db }),
    journal: createOrderJournal({ db }),
  }
}

/** Where the providers are; the sandbox plays those that are not named. */
export function providerUrls(config: Config): { payment: string; shipping: string } {
  const sandbox = `http://127.0.0.1:${config.SANDBOX_PORT}`
  return { payment: config.PAYMENT_URL ?? sandbox, shipping: config.SHIPPING_URL ?? sandbox }
}
