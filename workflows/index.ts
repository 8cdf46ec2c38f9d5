/** The registry: every workflow that a worker runs. */
export { OrderSaga } from './order/order-saga.ts'
