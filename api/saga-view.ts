import type { SagaStatus } from '../domain/saga/status.ts'
import type { SagaContract, StepOutline } from '../workflows/saga/contract.ts'

/** What is recorded of one step. */
export interface FenceRecord {
  step: string
  state: string
  answer: unknown
  attempts: number
  parkedAt: Date | null
  createdAt: Date
}

type SagaState = Pick<SagaRecord, 'status' | 'reasonCode' | 'reasonStep'>

/** A saga's row with its fences. */
export interface SagaRecord {
  id: string
  /** The definition that runs it, e.g. `order@1`. */
  definition: string
  status: string
  reasonCode: string | null
  reasonStep: string | null
  reasonDetail: string | null
  version: number
  createdAt: Date
  updatedAt: Date
  deadlineAt: Date
  fences: readonly FenceRecord[]
}

type StepState = 'pending' | 'running' | 'waiting' | 'done' | 'failed' | 'parked' | 'skipped'
type CompensationState = 'none' | 'pending' | 'running' | 'done' | 'parked' | 'skipped'

/** Where the links to a workflow lead. */
export interface TemporalPlace {
  uiUrl: string
  namespace: string
}

/** What the API shows of every saga, whatever it is about: its row joined with its own definition. */
export function viewSaga(contract: SagaContract, saga: SagaRecord, { uiUrl, namespace }: TemporalPlace) {
  const workflowId = contract.workflowId(saga.id)
  return {
    definition: saga.definition,
    status: saga.status as SagaStatus,
    reason:
      saga.reasonCode === null || saga.reasonStep === null
        ? null
        : { code: saga.reasonCode, step: saga.reasonStep, detail: saga.reasonDetail },
    steps: viewSteps(stepsOf(contract, saga), saga, saga.fences),
    version: saga.version,
    createdAt: saga.createdAt.toISOString(),
    updatedAt: saga.updatedAt.toISOString(),
    deadlineAt: saga.deadlineAt.toISOString(),
    workflow: { id: workflowId, url: `${uiUrl}/namespaces/${namespace}/workflows/${workflowId}` },
  }
}

/** The row of a saga as it was when it was placed. */
export const asPlaced = ({
  id,
  definition,
  createdAt,
  deadlineAt,
}: Pick<SagaRecord, 'id' | 'definition' | 'createdAt' | 'deadlineAt'>): SagaRecord => ({
  id,
  definition,
  status: 'pending',
  reasonCode: null,
  reasonStep: null,
  reasonDetail: null,
  version: 1,
  createdAt,
  updatedAt: createdAt,
  deadlineAt,
  fences: [],
})

/** What a view must know of a step. */
type ShownStep = Pick<StepOutline, 'name'> & { readonly kind: StepOutline['kind'] | 'unknown' }

/**
 * The steps of the definition that the saga's row names. Where this process does not know it, because a newer version
 * was running here before, they are those that are recorded, in the order in which they began.
 */
export function stepsOf(
  contract: SagaContract,
  { definition, fences }: Pick<SagaRecord, 'definition' | 'fences'>,
): readonly ShownStep[] {
  return (
    contract.steps.get(definition) ??
    fences
      .toSorted((a, b) => a.createdAt.getTime() - b.createdAt.getTime())
      .map(({ step }) => ({ name: step, kind: 'unknown' }))
  )
}

/** Every step of the definition, from the start and in its order, with what its fence says of it. */
export function viewSteps(steps: readonly ShownStep[], saga: SagaState, fences: readonly FenceRecord[]) {
  return steps.map((step, index) => {
    const fence = fences.find((record) => record.step === step.name)
    const isNext = steps
      .slice(0, index)
      .every(({ name }) => fences.some((f) => f.step === name && f.state === 'done'))
    return {
      name: step.name,
      kind: step.kind,
      state: stepState(step, saga, fence, isNext),
      attempts: fence?.attempts ?? 0,
      compensation: canBeUndone(step) ? compensationState(saga, fence) : ('none' as const),
    }
  })
}

/** A step of unknown kind is judged by its fence alone: only what can be undone is ever marked as owing it. */
const canBeUndone = ({ kind }: ShownStep) => kind === 'compensatable' || kind === 'unknown'

function stepState(
  step: ShownStep,
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
      // Nothing is undone before the saga has turned back, so an optional step was left out.
      if (!hasTurnedBack) return 'skipped'
      // Undoing, undone or skipped: an answer tells that the step itself had been done before.
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
