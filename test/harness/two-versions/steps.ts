import type { Activities } from '../../../activities/index.ts'
import { defineSaga } from '../../../workflows/saga/definition.ts'

/**
 * The order saga as a later release may have it: it charges before it reserves, awards no points and notifies no
 * customer.
 */
export const orderSaga2 = defineSaga<Activities>()({
  // Higher than any that a release has.
  name: 'order@1000',
  compensatable: [
    { at: 'payment', execute: 'chargePayment', compensate: 'refundPayment' },
    { at: 'inventory', execute: 'reserveInventory', compensate: 'releaseInventory' },
    { at: 'shipping', execute: 'createShipment', compensate: 'cancelShipment' },
  ],
  pivot: { at: 'order', execute: 'completeOrder' },
  retriable: [],
  journal: {
    at: 'order',
    begin: 'beginOrderCompensation',
    note: 'noteOrderProgress',
    cancel: 'cancelOrder',
    close: 'closeOrder',
  },
})
