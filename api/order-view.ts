import { toMinor } from '../domain/money.ts'
import type { PlacedOrder } from '../domain/order/intake.ts'
import type { OrderState } from '../domain/order/evolve.ts'
import type { OrderRecord } from '../domain/order/queries.ts'
import type { Loaded } from '../events/store/aggregate.ts'
import type { SagaContract } from '../workflows/saga/contract.ts'
import { asPlaced, snapshotOf, viewSaga, type SagaSnapshot, type TemporalPlace } from './saga-view.ts'

/** An order as the API shows it. */
export const viewOrder = (contract: SagaContract, order: OrderRecord, temporal: TemporalPlace) =>
  view(contract, partsOf(order), snapshotOf(order.saga), temporal)

/** The order as the fold of its events says that it was. */
export const viewPastOrder = (
  contract: SagaContract,
  order: OrderRecord,
  past: Loaded<OrderState>,
  temporal: TemporalPlace,
) => view(contract, partsOf(order), pastSnapshot(order, past), temporal)

/** The order as it was when it was placed: the first answer to its request, and every later one to the same request. */
export const viewPlacedOrder = (contract: SagaContract, order: PlacedOrder, temporal: TemporalPlace) =>
  view(contract, order, asPlaced(order), temporal)

/** The part of an order that never changes. */
type OrderParts = Pick<PlacedOrder, 'customerId' | 'currency' | 'totalMinor' | 'lines'>

const partsOf = ({ customerId, currency, totalMinor, lines }: OrderRecord): OrderParts => ({
  customerId,
  currency,
  totalMinor: toMinor(totalMinor),
  lines,
})

function view(
  contract: SagaContract,
  { customerId, currency, totalMinor, lines }: OrderParts,
  saga: SagaSnapshot,
  temporal: TemporalPlace,
) {
  return {
    id: saga.id,
    customerId,
    currency,
    totalMinor,
    lines: lines.map(({ sku, quantity, unitPriceMinor }) => ({ sku, quantity, unitPriceMinor })),
    ...viewSaga(contract, saga, temporal),
  }
}

/** What the events do not say (attempts, our sentence about the reason) is taken from the rows. */
function pastSnapshot(
  { saga }: OrderRecord,
  { state, version, recordedAt }: Loaded<OrderState>,
): SagaSnapshot {
  const today = snapshotOf(saga)
  const { status, reason } = state
  const isNamed = (name: string) => state.steps.some(({ step }) => step === name)
  const failed = today.steps.filter(({ step }) => step === reason?.step && !isNamed(step))
  const attemptsAt = (name: string) => today.steps.find(({ step }) => step === name)?.attempts ?? 0
  return {
    ...today,
    status,
    reason: reason === null ? null : { ...reason, detail: today.reason?.detail ?? null },
    version,
    updatedAt: recordedAt ?? today.createdAt,
    steps: [
      ...state.steps.map((fold) => ({ ...fold, attempts: attemptsAt(fold.step) })),
      ...failed.map((snapshot) => ({ ...snapshot, state: 'refused' })),
    ],
  }
}
