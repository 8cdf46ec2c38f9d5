import type { Activities } from '../../activities/index.ts'
import { defineSaga } from '../saga/definition.ts'

/** What happens to an order, and what undoes it. */
export const orderSaga = defineSaga<Activities>()({
  name: 'order@1',
  compensatable: [
    { at: 'inventory', execute: 'reserveInventory', compensate: 'releaseInventory' },
    { at: 'payment', execute: 'chargePayment', compensate: 'refundPayment' },
    { at: 'shipping', execute: 'createShipment', compensate: 'cancelShipment' },
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

/** Every definition that an order may name, oldest first: new orders are run by the last. */
export const orderDefinitions = [orderSaga]
