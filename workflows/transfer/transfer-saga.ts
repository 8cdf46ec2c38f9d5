import type { SagaInput } from '../saga/contract.ts'
import { runOnTemporal } from '../saga/on-temporal.ts'
import type { SagaOutcome } from '../saga/run-saga.ts'
import { transferSaga } from './steps.ts'

/** Every definition that an open workflow may still name. */
const definitions = [transferSaga]

export function TransferSaga(input: SagaInput): Promise<SagaOutcome> {
  return runOnTemporal(definitions, input)
}
