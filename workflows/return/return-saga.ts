import type { SagaInput } from '../saga/contract.ts'
import { runOnTemporal } from '../saga/on-temporal.ts'
import type { SagaOutcome } from '../saga/run-saga.ts'
import { returnDefinitions } from './steps.ts'

export function ReturnSaga(input: SagaInput): Promise<SagaOutcome> {
  return runOnTemporal(returnDefinitions, input)
}
