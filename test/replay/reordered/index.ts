import { orderSaga } from '../../../workflows/order/steps.ts'
import type { SagaInput } from '../../../workflows/saga/contract.ts'
import { runOnTemporal } from '../../../workflows/saga/on-temporal.ts'
import type { SagaOutcome } from '../../../workflows/saga/run-saga.ts'

const [first, second, ...rest] = orderSaga.compensatable
if (first === undefined || second === undefined) throw new Error('There are not two steps to exchange')

/** The order saga as nobody may change it: under the same name, with its first two steps exchanged. */
export function OrderSaga(input: SagaInput): Promise<SagaOutcome> {
  return runOnTemporal([{ ...orderSaga, compensatable: [second, first, ...rest] } as typeof orderSaga], input)
}
