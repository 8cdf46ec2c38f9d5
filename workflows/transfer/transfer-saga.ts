import type { SagaInput } from '../saga/contract.ts'
import { runOnTemporal } from '../saga/on-temporal.ts'
import type { SagaOutcome } from '../saga/run-saga.ts'
import { transferDefinitions } from './steps.ts'

export function TransferSaga(input: SagaInput): Promise<SagaOutcome> {
  return runOnTemporal(transferDefinitions, input)
}
