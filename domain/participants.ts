import { reserveInventory } from './inventory/reserve-inventory.ts'
import { restockReturn } from './inventory/restock-return.ts'
import { wrapGift } from './inventory/wrap-gift.ts'
import { awardPoints } from './loyalty/award-points.ts'
import { revokeReturnPoints } from './loyalty/revoke-return-points.ts'
import { notifyCustomer } from './notification/notify-customer.ts'
import { completeOrder } from './order/complete-order.ts'
import { chargePayment } from './payment/charge-payment.ts'
import { refundReturn } from './payment/refund-return.ts'
import { perProvider, type ProviderName } from '../providers.ts'
import { allSteps, type Step } from './saga/step.ts'
import { createShipment } from './shipping/create-shipment.ts'
import { depositMoney, withdrawMoney } from './transfer/move-money.ts'

/** The registry: the steps of each participant, by the name of its task queue. A new step is a line here. */
export const ORDER_PARTICIPANTS = {
  order: { completeOrder },
  inventory: { reserveInventory, wrapGift },
  payment: { chargePayment },
  shipping: { createShipment },
  loyalty: { awardPoints },
  notification: { notifyCustomer },
}

export const TRANSFER_PARTICIPANTS = {
  transfer: {},
  account: { withdrawMoney, depositMoney },
}

export const RETURN_PARTICIPANTS = {
  return: {},
  inventory: { restockReturn },
  loyalty: { revokeReturnPoints },
  payment: { refundReturn },
}

export const PARTICIPANTS = {
  ...ORDER_PARTICIPANTS,
  ...TRANSFER_PARTICIPANTS,
  ...RETURN_PARTICIPANTS,
  inventory: { ...ORDER_PARTICIPANTS.inventory, ...RETURN_PARTICIPANTS.inventory },
  loyalty: { ...ORDER_PARTICIPANTS.loyalty, ...RETURN_PARTICIPANTS.loyalty },
  payment: { ...ORDER_PARTICIPANTS.payment, ...RETURN_PARTICIPANTS.payment },
}

/** The names of the steps at each provider. */
export const PROVIDER_STEPS = perProvider((provider) =>
  allSteps(PARTICIPANTS)
    .filter((step) => step.provider === provider)
    .map(({ name }) => name),
)

const STEPS = new Map(allSteps(PARTICIPANTS).map((step) => [step.name, step]))

/** A step by its name; undefined where this process does not know it. */
export const stepNamed = (name: string): Step | undefined => STEPS.get(name)

/** Where the effect of a step is; null where that is our own database, or where the step is not known here. */
export const providerOf = (step: string): ProviderName | null => stepNamed(step)?.provider ?? null

export type Participant = keyof typeof PARTICIPANTS
