import { SAGA_KINDS } from '../../domain/saga/ids.ts'
import { SAGA_STATUSES, type SagaStatus } from '../../domain/saga/status.ts'
import type { StepOutline } from '../../domain/saga/step-outline.ts'
import { recordedTraceId } from '../../tracing.ts'
import type { SagaContract } from '../../workflows/saga/contract.ts'
import { time } from '../parts.ts'
import { reason } from '../text.ts'
import { z } from '../zod.ts'

/** What there are sagas of. */
export const sagaKind = z.enum(SAGA_KINDS)

const step = z
  .object({
    name: z.string(),
    kind: z.enum(['compensatable', 'pivot', 'retriable', 'unknown']).openapi({
      description:
        '`unknown`: the API does not know the definition, since a newer version of it was running. Only steps that have begun are shown then.',
    }),
    state: z.enum(['pending', 'running', 'waiting', 'done', 'failed', 'parked', 'skipped']),
    attempts: z.int().openapi({ description: 'The highest attempt that was recorded.' }),
    compensation: z
      .enum(['none', 'pending', 'running', 'waiting', 'done', 'parked', 'skipped'])
      .openapi({ description: '`none`: there is nothing to undo.' }),
    detail: z.string().nullable().openapi({
      description:
        'What the step, or its compensation, waits for while it is `waiting`: `PENDING` is a provider that has not decided yet.',
    }),
    settledAfterSkip: z.boolean().openapi({
      description: 'Its compensation was skipped by an operator, and has succeeded after all.',
    }),
  })
  .openapi('Step')

export const traceId = z.string().nullable()
export const traceUrl = z
  .string()
  .nullable()
  .describe('Where a person can look at the trace; null without one, and where TRACE_UI_URL is not set.')

/** What every saga shows of itself. */
export const SAGA_FIELDS = {
  definition: z.string().openapi({
    description: 'The name and version of the saga that runs it.',
    example: 'order@1',
  }),
  status: z.enum(SAGA_STATUSES),
  reason: z.object({ code: z.string(), step: z.string(), detail: z.string().nullable() }).nullable(),
  steps: z.array(step),
  version: z.int().openapi({ description: 'The version of its newest event.' }),
  createdAt: time,
  updatedAt: time,
  deadlineAt: time,
  workflow: z.object({ id: z.string(), url: z.string() }),
  traceId: traceId.describe(
    'The W3C trace that it is part of; null where none was recorded, and in the answer to the request for an order or a transfer.',
  ),
  traceUrl,
}

export const cancelRequest = z.strictObject({ reason: reason.optional() }).openapi('CancelRequest')

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
  traceParent?: string | null
  fences: readonly {
    step: string
    state: string
    answer: unknown
    attempts: number
    parkedAt: Date | null
    waitingFor: string | null
    skippedAt: Date | null
    createdAt: Date
  }[]
}

/** What a saga is at one moment: as its rows say, as the fold of its events says, or as it was placed. */
export interface SagaSnapshot {
  id: string
  definition: string
  status: string
  reason: { code: string; step: string; detail: string | null } | null
  version: number
  createdAt: Date
  updatedAt: Date
  deadlineAt: Date
  traceParent?: string | null
  /** The steps that were begun, in that order. */
  steps: readonly StepSnapshot[]
}

export interface StepSnapshot {
  step: string
  /** As a fence has it. */
  state: string
  /** It was done, also when it was undone later. */
  wasDone: boolean
  /** Its undo was given up, also when that succeeded after all. */
  wasSkipped: boolean
  isParked: boolean
  /** The class of what it, or its undo, waits for. */
  waitingFor: string | null
  attempts: number
}

/** What the rows say. */
export function snapshotOf({
  reasonCode,
  reasonStep,
  reasonDetail,
  fences,
  ...saga
}: SagaRecord): SagaSnapshot {
  return {
    ...saga,
    reason:
      reasonCode === null || reasonStep === null
        ? null
        : { code: reasonCode, step: reasonStep, detail: reasonDetail },
    steps: fences
      .toSorted((a, b) => a.createdAt.getTime() - b.createdAt.getTime())
      .map(({ step, state, answer, attempts, parkedAt, skippedAt, waitingFor }) => ({
        step,
        state,
        wasSkipped: skippedAt !== null,
        waitingFor,
        wasDone: answer !== null && state !== 'refused',
        isParked: parkedAt !== null,
        attempts,
      })),
  }
}

/** A saga as it was when it was placed. */
export const asPlaced = (
  placed: Pick<SagaSnapshot, 'id' | 'definition' | 'createdAt' | 'deadlineAt'>,
): SagaSnapshot => ({
  ...placed,
  status: 'pending',
  reason: null,
  version: 1,
  updatedAt: placed.createdAt,
  steps: [],
})

type StepState = z.infer<typeof step>['state']
type CompensationState = z.infer<typeof step>['compensation']

/** Where the links to a workflow lead, and those to a trace. */
export interface TemporalPlace {
  uiUrl: string
  namespace: string
  /** With `{traceId}` in it. */
  traceUiUrl?: string | undefined
}

/** A trace that was recorded, and where a person can look at it. */
export const viewTrace = (id: string | null | undefined, { traceUiUrl }: TemporalPlace) => ({
  traceId: id ?? null,
  traceUrl: typeof id === 'string' ? (traceUiUrl?.replaceAll('{traceId}', id) ?? null) : null,
})

/** What the API shows of every saga, whatever it is about: what it is, joined with its own definition. */
export function viewSaga(contract: SagaContract, saga: SagaSnapshot, place: TemporalPlace) {
  const { uiUrl, namespace } = place
  const workflowId = contract.workflowId(saga.id)
  return {
    definition: saga.definition,
    status: saga.status as SagaStatus,
    reason: saga.reason,
    steps: viewSteps(stepsOf(contract, saga), saga),
    version: saga.version,
    createdAt: saga.createdAt.toISOString(),
    updatedAt: saga.updatedAt.toISOString(),
    deadlineAt: saga.deadlineAt.toISOString(),
    workflow: { id: workflowId, url: `${uiUrl}/namespaces/${namespace}/workflows/${workflowId}` },
    ...viewTrace(recordedTraceId(saga.traceParent), place),
  }
}

/** What a view must know of a step. */
type ShownStep = Pick<StepOutline, 'name'> & { readonly kind: StepOutline['kind'] | 'unknown' }

/**
 * The steps of the definition that the saga's row names. Where this process does not know it, because a newer version
 * was running here before, they are those that are recorded, in the order in which they began.
 */
export const stepsOf = (
  contract: SagaContract,
  { definition, steps }: Pick<SagaSnapshot, 'definition' | 'steps'>,
): readonly ShownStep[] =>
  contract.steps.get(definition) ?? steps.map(({ step }) => ({ name: step, kind: 'unknown' }))

type Whole = Pick<SagaSnapshot, 'status' | 'reason' | 'steps'>

/** Every step of the definition, from the start and in its order, with what has become of it. */
export function viewSteps(steps: readonly ShownStep[], saga: Whole) {
  const snapshots = new Map(saga.steps.map((snapshot) => [snapshot.step, snapshot]))
  return steps.map((step, index) => {
    const own = snapshots.get(step.name)
    const isNext = steps.slice(0, index).every(({ name }) => snapshots.get(name)?.state === 'done')
    const state = stepState(step, saga, own, isNext)
    const compensation = canBeUndone(step) ? compensationState(saga, own) : ('none' as const)
    const isWaiting = state === 'waiting' || compensation === 'waiting'
    return {
      name: step.name,
      kind: step.kind,
      state,
      attempts: own?.attempts ?? 0,
      compensation,
      detail: isWaiting ? (own?.waitingFor ?? null) : null,
      settledAfterSkip: own?.wasSkipped === true && own.state === 'undone',
    }
  })
}

/** A step of unknown kind is judged by its fence alone: only what can be undone is ever marked as owing it. */
const canBeUndone = ({ kind }: ShownStep) => kind === 'compensatable' || kind === 'unknown'

function stepState(
  step: ShownStep,
  { status, reason }: Whole,
  own: StepSnapshot | undefined,
  isNext: boolean,
): StepState {
  const { name, kind } = step
  // On the way back its compensation shows it, where it has one.
  if (own?.isParked && (reason === null || !canBeUndone(step))) return 'parked'
  if (own === undefined) {
    if (reason?.step === name) return 'failed'
    const isUnderWay = kind === 'retriable' ? status === 'completed' : status === 'processing'
    return isNext && isUnderWay ? 'running' : 'pending'
  }
  switch (own.state) {
    case 'done':
      return 'done'
    case 'refused':
      return 'failed'
    case 'pending':
    case 'intended':
      if (reason !== null) return 'failed'
      // A step after the pivot waits beside an order that is completed.
      return status === 'waiting' || own.waitingFor !== null ? 'waiting' : 'running'
    default:
      // Undoing, undone or skipped. Nothing is undone before the saga has turned back: an optional step was left out.
      if (reason === null) return 'skipped'
      return own.wasDone ? 'done' : 'failed'
  }
}

function compensationState({ reason }: Whole, own: StepSnapshot | undefined): CompensationState {
  if (reason === null || own === undefined) return 'none'
  // Also one that is settled, where the closing of the saga is parked at it.
  if (own.isParked) return 'parked'
  switch (own.state) {
    case 'undone':
      return 'done'
    case 'skipped':
      return 'skipped'
    case 'undoing':
    case 'done':
    case 'intended':
      // An undo may wait before it could be marked as begun.
      if (own.waitingFor !== null) return 'waiting'
      return own.state === 'undoing' ? 'running' : 'pending'
    default:
      return 'none'
  }
}
