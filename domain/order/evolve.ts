import type { Aggregate } from '../../events/store/aggregate.ts'
import type { SagaStatus } from '../saga/status.ts'
import {
  asOrderEvent,
  DONE_BY,
  isRecordEvent,
  UNDONE_BY,
  type OrderEvent,
  type RecordEvent,
} from './events.ts'

/** What the events say of an order: the fold that its row must equal. */
export interface OrderState {
  version: number
  status: SagaStatus
  reason: { code: string; step: string } | null
  /** The steps that were begun, in the order in which the events first name them. */
  steps: readonly StepFold[]
}

/** What the events say of a step, in the words of its fence. */
export interface StepFold {
  step: string
  state: 'intended' | 'done' | 'refused' | 'undoing' | 'undone' | 'skipped'
  /** It was done, also when it was undone later. */
  wasDone: boolean
  /** It was given up, also when its undo succeeded after all. */
  wasSkipped: boolean
  isParked: boolean
  /** The class of what it, or its undo, waits for. */
  waitingFor: string | null
}

export const NOTHING: OrderState = { version: 0, status: 'pending', reason: null, steps: [] }

/** Pure: what an order is after one more event. @throws Fault NEWER_EVENT for a type that it does not know. */
export function evolve(state: OrderState, stored: { type: string; data: unknown }): OrderState {
  const next = { ...state, version: state.version + 1 }
  const event = asOrderEvent(stored)
  return isRecordEvent(event) ? recorded(next, event) : stepped(next, event.type)
}

/** An order's stream, as the event store folds it. */
export const ORDER: Aggregate<OrderState> = { stateVersion: 5, initial: NOTHING, evolve }

function recorded(state: OrderState, { type, data }: RecordEvent): OrderState {
  switch (type) {
    case 'OrderPlaced':
    case 'CancelRequested':
    case 'WorkflowRestarted':
      return state
    case 'ProcessingBegun':
      return { ...withStep(state, data.step, {}), status: 'processing' }
    case 'WaitingBegun':
      return { ...withStep(state, data.step, { waitingFor: data.waitingFor ?? null }), status: 'waiting' }
    case 'CompensationDelayed':
      return withStep(state, data.step, { waitingFor: data.waitingFor })
    case 'StepParked': {
      const status = state.status === 'completed' ? 'completed' : 'parked'
      const fold = state.steps.find(({ step }) => step === data.step)
      const isOwed = state.reason !== null && (fold?.state === 'intended' || fold?.state === 'done')
      const change = isOwed ? { isParked: true, state: 'undoing' as const } : { isParked: true }
      return { ...withStep(state, data.step, change), status }
    }
    case 'StepSkipped':
    case 'CompensationSkipped':
      return settled(state, data.step, 'skipped')
    case 'CompensationBegun': {
      const { code, step, undo } = data
      // A step that had no effect yet, and is owed nothing, might as well not have been begun.
      const kept = state.steps.filter(
        (fold) => fold.wasDone || fold.state === 'refused' || undo.includes(fold.step),
      )
      const unparked = { ...state, steps: kept.map((fold) => ({ ...fold, ...SETTLED })) }
      const owed = undo.reduce<OrderState>((owing, name) => withStep(owing, name, {}), unparked)
      return { ...owed, status: 'compensating', reason: { code, step } }
    }
    case 'OrderRejected':
      return closed(state, 'rejected')
    case 'OrderCancelled':
      return closed(state, 'cancelled')
  }
}

function stepped(state: OrderState, type: Exclude<OrderEvent, RecordEvent>['type']): OrderState {
  const undone = UNDONE_BY.get(type)
  if (undone !== undefined) {
    // Nothing is undone before the order has turned back: what stood under the key is gone with the step's refusal.
    if (state.reason === null) return withStep(state, undone, { ...SETTLED, state: 'refused' })
    return settled(state, undone, 'undone')
  }
  const done = withStep(state, DONE_BY.get(type) ?? '', { ...SETTLED, state: 'done', wasDone: true })
  if (type === 'OrderCompleted') return { ...done, status: 'completed' }
  const isForward = state.reason === null && ['pending', 'waiting', 'parked'].includes(state.status)
  return { ...done, status: isForward ? 'processing' : state.status }
}

/** What it was held up by is over. */
const SETTLED = { isParked: false, waitingFor: null }

/** A parked order goes on compensating with the last of its parked steps. */
function settled(state: OrderState, step: string, end: 'undone' | 'skipped'): OrderState {
  const skipped = end === 'skipped' ? { wasSkipped: true } : {}
  const next = withStep(state, step, { ...SETTLED, state: end, ...skipped })
  const isUnparked = state.status === 'parked' && next.steps.every(({ isParked }) => !isParked)
  return { ...next, status: isUnparked ? 'compensating' : state.status }
}

/** Nothing is owed any more: a step that is neither undone nor skipped was only where the order was held up. */
const closed = (state: OrderState, status: 'rejected' | 'cancelled'): OrderState => ({
  ...state,
  status,
  steps: state.steps
    .filter((fold) => fold.state !== 'intended')
    .map((fold) => ({ ...fold, isParked: false })),
})

/** A step that was not named before is one that was begun. */
function withStep(state: OrderState, step: string, change: Partial<StepFold>): OrderState {
  const steps = state.steps.some((fold) => fold.step === step)
    ? state.steps
    : [...state.steps, { step, state: 'intended' as const, wasDone: false, wasSkipped: false, ...SETTLED }]
  return { ...state, steps: steps.map((fold) => (fold.step === step ? { ...fold, ...change } : fold)) }
}
