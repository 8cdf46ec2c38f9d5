import type { OrderContent } from '../domain/order/content.ts'
import { ORDER_SAGA } from '../workflows/order/contract.ts'
import { RETURN_SAGA } from '../workflows/return/contract.ts'
import type { SagaContract } from '../workflows/saga/contract.ts'
import { TRANSFER_SAGA } from '../workflows/transfer/contract.ts'

/** The sagas that the API starts and shows. */
export interface Contracts {
  order: SagaContract<OrderContent>
  transfer: SagaContract<undefined>
  return: SagaContract<undefined>
}

/** The registry: every definition that this code knows. */
export const CONTRACTS: Contracts = { order: ORDER_SAGA, transfer: TRANSFER_SAGA, return: RETURN_SAGA }

/** The definitions of all sagas that have a step. */
export const definitionsOf = (contracts: Contracts, step: string): string[] =>
  Object.values(contracts).flatMap(({ steps }: SagaContract) =>
    [...steps].flatMap(([definition, outline]) =>
      outline.some(({ name }) => name === step) ? [definition] : [],
    ),
  )

/** The names of the steps of all orders, those of the newest definition first, and which of them are pivots. */
export function stepsOfOrders({ order }: Contracts) {
  const steps = [...order.steps.values()].toReversed().flat()
  const namesOf = (some: typeof steps) => [...new Set(some.map(({ name }) => name))]
  return { steps: namesOf(steps), pivots: namesOf(steps.filter(({ kind }) => kind === 'pivot')) }
}

/** The steps of every definition of every saga. */
export const outlinesOf = (contracts: Contracts) =>
  Object.values(contracts).flatMap(({ steps }: SagaContract) => [...steps.values()].flat())
