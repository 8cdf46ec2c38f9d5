import { orderDefinitions } from '../../../workflows/order/steps.ts'
import type { SagaInput } from '../../../workflows/saga/contract.ts'
import { runOnTemporal } from '../../../workflows/saga/on-temporal.ts'
import type { SagaOutcome } from '../../../workflows/saga/run-saga.ts'
import { orderSaga2 } from './steps.ts'

export { TransferSaga } from '../../../workflows/transfer/transfer-saga.ts'

/** The workflows of a later release: it runs orders of both versions. */
export function OrderSaga(input: SagaInput): Promise<SagaOutcome> {
  return runOnTemporal([...orderDefinitions, orderSaga2], input)
}
