import { contractOf } from '../saga/contract.ts'
import { composeOrder, ORDER_CONTENTS, orderDefinitions } from './steps.ts'

export const ORDER_SAGA = contractOf('OrderSaga', orderDefinitions, {
  contents: ORDER_CONTENTS,
  compose: composeOrder,
})
