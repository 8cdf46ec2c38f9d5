import type { SagaInput } from '../saga/contract.ts'
import { runOnTemporal } from '../saga/on-temporal.ts'
import type { SagaOutcome } from '../saga/run-saga.ts'
import { orderDefinitions } from './steps.ts'

export function OrderSaga(input: SagaInput): Promise<SagaOutcome> {
  return runOnTemporal(orderDefinitions, input)
}
