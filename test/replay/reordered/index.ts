import { orderDefinitions } from '../../../workflows/order/steps.ts'
import type { SagaInput } from '../../../workflows/saga/contract.ts'
import type { SagaDefinition } from '../../../workflows/saga/definition.ts'
import { runOnTemporal } from '../../../workflows/saga/on-temporal.ts'
import type { SagaOutcome } from '../../../workflows/saga/run-saga.ts'

/** The definitions as no release may change them: under the same names, with their first two steps exchanged. */
const reordered = orderDefinitions.map((saga): SagaDefinition => {
  const [first, second, ...rest] = saga.compensatable
  if (first === undefined || second === undefined) throw new Error('There are not two steps to exchange')
  return { ...saga, compensatable: [second, first, ...rest] }
})

export function OrderSaga(input: SagaInput): Promise<SagaOutcome> {
  return runOnTemporal(reordered, input)
}
