import { ApplicationFailure } from '@temporalio/workflow'

export { TransferSaga } from '../../../workflows/transfer/transfer-saga.ts'

/** The workflow of an order as a bug may make it: it fails before it has done anything. */
export function OrderSaga(): Promise<never> {
  return Promise.reject(ApplicationFailure.nonRetryable('a bug'))
}
