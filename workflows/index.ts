/** The registry: every workflow that a worker runs. */
export { OrderSaga } from './order/order-saga.ts'
export { TransferSaga } from './transfer/transfer-saga.ts'
