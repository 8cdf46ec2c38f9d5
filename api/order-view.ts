import type { PlacedOrder } from '../domain/order/intake.ts'
import type { OrderRecord } from '../domain/order/queries.ts'
import { toMinor } from '../domain/money.ts'
import type { SagaStatus } from '../domain/saga/status.ts'
import { ORDER_SAGA, orderWorkflowId } from '../workflows/order/contract.ts'

/** What is recorded of one step. */
export interface FenceRecord {
  step: string
  state: string
  answer: unknown
  attempts: number
  parkedAt: Date | null
}

interface SagaState {
  status: string
  reasonCode: string | null
  reasonStep: string | null
}

type StepState = 'pending' | 'running' | 'waiting' | 'done' | 'failed' | 'parked' | 'skipped'
type CompensationState = 'none' | 'pending' | 'running' | 'done' | 'parked' | 'skipped'
type StepOutline = (typeof ORDER_SAGA.steps)[number]

/** Where the links to a workflow lead. */
export interface TemporalPlace {
  uiUrl: string
  namespace: string
}

/** An order as the API shows it: its rows joined with the saga's definition. */
export function viewOrder({ saga, lines, ...order }: OrderRecord, temporal: TemporalPlace) {
  return {
    id: order.id,
    customerId: order.customerId,
    status: saga.status as SagaStatus,
    reason:
      saga.reasonCode === null || saga.reasonStep === null
        ? null
        : { code: saga.reasonCode, step: saga.reasonStep, detail: saga.reasonDetail },
    currency: order.currency,
    totalMinor: toMinor(order.totalMinor),
    lines: lines.map(({ sku, quantity, unitPriceMinor }) => ({ sku, quantity, unitPriceMinor })),
    steps: viewSteps(saga, saga.fences),
    version: saga.version,
    createdAt: saga.createdAt.toISOString(),
    updatedAt: saga.updatedAt.toISOString(),
    deadlineAt: saga.deadlineAt.toISOString(),
    workflow: viewWorkflow(order.id, temporal),
  }
}

/** The order as it was when it was placed: the first answer to its request, and every later one to the same request. */
export function viewPlacedOrder(order: PlacedOrder, temporal: TemporalPlace): ReturnType<typeof viewOrder> {
  return {
    id: order.id,
    customerId: order.customerId,
    status: 'pending',
    reason: null,
    currency: order.currency,
    totalMinor: order.totalMinor,
    lines: order.lines.map(({ sku, quantity, unitPriceMinor }) => ({ sku, quantity, unitPriceMinor })),
    steps: viewSteps({ status: 'pending', reasonCode: null, reasonStep: null }, []),
    version: 1,
    createdAt: order.createdAt.toISOString(),
    updatedAt: order.createdAt.toISOString(),
    deadlineAt: order.deadlineAt.toISOString(),
    workflow: viewWorkflow(order.id, temporal),
  }
}

function viewWorkflow(orderId: string, { uiUrl, namespace }: TemporalPlace) {
  const id = orderWorkflowId(orderId)
  return { id, url: `${uiUrl}/namespaces/${namespace}/workflows/${id}` }
}

/** Every step of the definition, from the start and in its order, with what its fence says of it. */
export function viewSteps(saga: SagaState, fences: readonly FenceRecord[]) {
  return ORDER_SAGA.steps.map((step, index) => {
    const fence = fences.find((record) => record.step === step.name)
    const isNext = ORDER_SAGA.steps
      .slice(0, index)
      .every(({ name }) => fences.some((f) => f.step === name && f.state === 'done'))
    return {
      name: step.name,
      kind: step.kind,
      state: stepState(step, saga, fence, isNext),
      attempts: fence?.attempts ?? 0,
      compensation: step.kind === 'compensatable' ? compensationState(saga, fence) : ('none' as const),
    }
  })
}

function stepState(
  step: StepOutline,
  saga: SagaState,
  fence: FenceRecord | undefined,
  isNext: boolean,
): StepState {
  const hasTurnedBack = saga.reasonCode !== null
  if (fence === undefined) {
    if (saga.reasonStep === step.name) return 'failed'
    const isUnderWay = step.kind === 'retriable' ? saga.status === 'completed' : saga.status === 'processing'
    return isNext && isUnderWay ? 'running' : 'pending'
  }
  switch (fence.state) {
    case 'done':
      return 'done'
    case 'refused':
      return 'failed'
    case 'pending':
    case 'intended':
      if (hasTurnedBack) return 'failed'
      if (fence.parkedAt !== null) return 'parked'
      return saga.status === 'waiting' ? 'waiting' : 'running'
    default:
      // Undoing, undone or skipped: an answer tells that the step itself had been done before.
      if (step.kind === 'retriable') return 'skipped'
      return fence.answer === null ? 'failed' : 'done'
  }
}

function compensationState(saga: SagaState, fence: FenceRecord | undefined): CompensationState {
  if (saga.reasonCode === null || fence === undefined) return 'none'
  switch (fence.state) {
    case 'undone':
      return 'done'
    case 'skipped':
      return 'skipped'
    case 'undoing':
      return fence.parkedAt === null ? 'running' : 'parked'
    case 'done':
    case 'intended':
      return fence.parkedAt === null ? 'pending' : 'parked'
    default:
      return 'none'
  }
}
