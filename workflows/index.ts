/** The registry: every workflow that a worker runs. */
export { OrderSaga } from './order/order-saga.ts'
export { ReturnSaga } from './return/return-saga.ts'
export { TransferSaga } from './transfer/transfer-saga.ts'
