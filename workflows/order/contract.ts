import { contractOf } from '../saga/contract.ts'
import { orderDefinitions } from './steps.ts'

export const ORDER_SAGA = contractOf('OrderSaga', orderDefinitions)
