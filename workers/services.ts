import type { Services } from '../activities/index.ts'
import { createInventory } from '../domain/inventory/inventory.ts'
import { createLoyalty } from '../domain/loyalty/loyalty.ts'
import { createNotification } from '../domain/notification/notification.ts'
import { createCompletion } from '../domain/order/completion.ts'
import { createOrderJournal } from '../domain/order/journal.ts'
import { createPaymentGateway } from '../domain/payment/gateway.ts'
import { createPayment } from '../domain/payment/payment.ts'
import { guardProvider, type GuardedProvider, type GuardOptions } from '../domain/provider/guard.ts'
import { createProviderHttp } from '../domain/provider/http.ts'
import type { LocalPermits } from '../domain/provider/permits.ts'
import type { Reach } from '../domain/saga/provider-step.ts'
import { createCarrier } from '../domain/shipping/carrier.ts'
import { createShipping } from '../domain/shipping/shipping.ts'
import { createTransferJournal } from '../domain/transfer/journal.ts'
import { createTransferSteps } from '../domain/transfer/transfer.ts'
import { createAggregates } from '../events/store/aggregate.ts'
import { createEventStore } from '../events/store/store.ts'
import type { Database } from '../prisma/client.ts'
import { BULKHEADS } from './bulkheads.ts'

export interface Wiring {
  services: Services
  /** The providers behind them, to be watched. */
  providers: GuardedProvider[]
}

export interface WiringOptions {
  db: Database
  /** Base URLs. */
  urls: { payment: string; shipping: string }
  reach: Reach
  /** Permits for local calls to one provider. */
  permits?: () => LocalPermits
  /** What is told of a provider's guard. */
  watch?: (name: string) => Pick<GuardOptions, 'onBreaker' | 'onRejected'>
}

/** The wiring: what the activities of a worker call. */
export function createServices({ db, urls, reach, watch, permits }: WiringOptions): Wiring {
  const guard = (name: 'payment' | 'shipping') =>
    guardProvider({
      name,
      http: createProviderHttp({ name, baseUrl: urls[name] }),
      slots: BULKHEADS[name].slots,
      ...(permits === undefined ? {} : { permits: permits() }),
      ...watch?.(name),
    })
  const [payment, shipping] = [guard('payment'), guard('shipping')]
  return {
    services: {
      inventory: createInventory({ db }),
      payment: createPayment({ db, gateway: createPaymentGateway(payment.http), reach }),
      shipping: createShipping({ db, carrier: createCarrier(shipping.http), reach }),
      loyalty: createLoyalty({ db }),
      notification: createNotification({ db }),
      completion: createCompletion({ db }),
      journal: createOrderJournal({ db }),
      transfers: createTransferSteps({
        db,
        aggregates: createAggregates({ db, store: createEventStore({ db }) }),
      }),
      transferJournal: createTransferJournal({ db }),
    },
    providers: [payment, shipping],
  }
}
