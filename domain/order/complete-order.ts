import { rowStep } from '../saga/row-step.ts'

type CompletionEvents = {
  OrderCompleted: { lines: readonly { sku: string; quantity: number }[] }
}

/** The pivot: what was reserved is sold, and the order is completed for good. */
export const completeOrder = rowStep<CompletionEvents>()({
  name: 'completeOrder',
  kind: 'pivot',
  event: 'OrderCompleted',
  effect: `SELECT stock_move(saga_id, 'sold') AS outcome FROM admitted`,
})
