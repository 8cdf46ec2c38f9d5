import type { Activities } from '../../activities/index.ts'
import type { OrderContent } from '../../domain/order/content.ts'
import { defineSaga } from '../saga/definition.ts'

/**
 * What happens to an order, and what undoes it: its routing slip, computed from what is in it. The name says which steps
 * it has, and goes with the order.
 */
export const composeOrder = ({ isDigital, isGiftWrapped }: OrderContent) =>
  defineSaga<Activities>()({
    name: `order@1${isGiftWrapped ? '+gift' : ''}${isDigital ? '+digital' : ''}`,
    compensatable: [
      { at: 'inventory', execute: 'reserveInventory', compensate: 'releaseInventory' },
      ...(isGiftWrapped ? [{ at: 'inventory', execute: 'wrapGift', compensate: 'unwrapGift' } as const] : []),
      { at: 'payment', execute: 'chargePayment', compensate: 'refundPayment' },
      ...(isDigital
        ? []
        : [{ at: 'shipping', execute: 'createShipment', compensate: 'cancelShipment' } as const]),
      { at: 'loyalty', execute: 'awardPoints', compensate: 'revokePoints' },
    ],
    pivot: { at: 'order', execute: 'completeOrder' },
    retriable: [{ at: 'notification', execute: 'notifyCustomer', optional: true }],
    journal: {
      at: 'order',
      begin: 'beginOrderCompensation',
      note: 'noteOrderProgress',
      cancel: 'cancelOrder',
      close: 'closeOrder',
    },
  })

/** Everything that an order may hold; what has all steps comes last. */
export const ORDER_CONTENTS: readonly OrderContent[] = [
  { isDigital: false, isGiftWrapped: false },
  { isDigital: true, isGiftWrapped: false },
  { isDigital: true, isGiftWrapped: true },
  { isDigital: false, isGiftWrapped: true },
]

/** The plain one. */
export const orderSaga = composeOrder({ isDigital: false, isGiftWrapped: false })

/** Every definition that an order may name, oldest first. */
export const orderDefinitions = ORDER_CONTENTS.map(composeOrder)
