import { contractOf } from '../saga/contract.ts'
import { orderSaga } from './steps.ts'

export const ORDER_SAGA = contractOf('OrderSaga', orderSaga)
