import { toMinor } from '../domain/money.ts'
import type { PlacedOrder } from '../domain/order/intake.ts'
import type { OrderState } from '../domain/order/evolve.ts'
import type { OrderRecord } from '../domain/order/queries.ts'
import type { Loaded } from '../events/store/aggregate.ts'
import type { SagaContract } from '../workflows/saga/contract.ts'
import {
  asPlaced,
  stepsOf,
  viewSaga,
  type FenceRecord,
  type SagaRecord,
  type TemporalPlace,
} from './saga-view.ts'

/** An order as the API shows it: its rows joined with the definition that they name. */
export function viewOrder(
  contract: SagaContract,
  { saga, lines, ...order }: Omit<OrderRecord, 'saga'> & { saga: SagaRecord },
  temporal: TemporalPlace,
) {
  return {
    id: order.id,
    customerId: order.customerId,
    currency: order.currency,
    totalMinor: toMinor(order.totalMinor),
    lines: lines.map(({ sku, quantity, unitPriceMinor }) => ({ sku, quantity, unitPriceMinor })),
    ...viewSaga(contract, saga, temporal),
  }
}

/**
 * The order as its events tell that it was. What they do not tell (attempts, our sentence about the reason) is taken
 * from the record, where it does not change once it is there.
 */
export function viewPastOrder(
  contract: SagaContract,
  order: OrderRecord,
  past: Loaded<OrderState>,
  temporal: TemporalPlace,
) {
  const steps = stepsOf(contract, order.saga).map(({ name }) => name)
  const next = steps.find((step) => !past.state.done.includes(step))
  const { status, reason } = past.state
  const saga = {
    ...order.saga,
    status,
    reasonCode: reason?.code ?? null,
    reasonStep: reason?.step ?? null,
    version: past.version,
    updatedAt: past.recordedAt ?? order.saga.createdAt,
    fences: steps.flatMap((name) =>
      pastFence(
        name,
        order.saga.fences.find(({ step }) => step === name),
        past.state,
        name === next,
      ),
    ),
  }
  return viewOrder(contract, { ...order, saga }, temporal)
}

/** The record of a step as it was; none when it had not begun. */
function pastFence(
  step: string,
  today: FenceRecord | undefined,
  { done, undone, skipped, parked, status, reason }: OrderState,
  isNext: boolean,
): FenceRecord[] {
  if (today === undefined) return []
  const isDone = done.includes(step)
  const was = (state: string, parkedAt: Date | null = null): FenceRecord[] => [
    { ...today, state, answer: isDone ? {} : null, parkedAt },
  ]
  // An undo that succeeded although it had been given up is both.
  if (undone.includes(step)) return was('undone')
  if (skipped.includes(step)) return was('skipped')
  if (parked.includes(step)) return was(reason === null ? 'intended' : 'undoing', new Date(0))
  if (isDone) return was('done')
  if ((isNext && status === 'waiting') || reason?.step === step)
    return was(today.state === 'refused' ? 'refused' : 'intended')
  return []
}

/** The order as it was when it was placed: the first answer to its request, and every later one to the same request. */
export function viewPlacedOrder(
  contract: SagaContract,
  order: PlacedOrder,
  temporal: TemporalPlace,
): ReturnType<typeof viewOrder> {
  const { id, customerId, currency, totalMinor } = order
  return {
    id,
    customerId,
    currency,
    totalMinor,
    lines: order.lines.map(({ sku, quantity, unitPriceMinor }) => ({ sku, quantity, unitPriceMinor })),
    ...viewSaga(contract, asPlaced(order), temporal),
  }
}
