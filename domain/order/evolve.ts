import type { Aggregate } from '../../events/store/aggregate.ts'
import { ORDER_PARTICIPANTS } from '../participants.ts'
import type { SagaStatus } from '../saga/status.ts'
import { allSteps } from '../saga/step.ts'

/** What an order's stream holds; other types may be added, and change nothing here. */
export interface OrderEvent {
  type: string
  data: unknown
}

/** What the events tell of an order: the fold that its row must equal. */
export interface OrderState {
  version: number
  status: SagaStatus
  reason: { code: string; step: string } | null
  /** Steps that were done, also where they were undone later. */
  done: readonly string[]
  /** Steps that were undone, or whose key was voided. */
  undone: readonly string[]
  /** Steps that were given up. */
  skipped: readonly string[]
  parked: readonly string[]
}

const STEPS = allSteps(ORDER_PARTICIPANTS)

/** The step that each event completes, and the one that each undoes. */
export const DONE_BY: Readonly<Record<string, string>> = Object.fromEntries(
  STEPS.map(({ name, events }) => [events.done, name]),
)
export const UNDONE_BY: Readonly<Record<string, string>> = Object.fromEntries(
  STEPS.flatMap(({ name, events }) => events.undone.map((type) => [type, name])),
)

export const NOTHING: OrderState = {
  version: 0,
  status: 'pending',
  reason: null,
  done: [],
  undone: [],
  skipped: [],
  parked: [],
}

/** Pure: what an order is after one more event. */
export function evolve(state: OrderState, { type, data }: OrderEvent): OrderState {
  const next = { ...state, version: state.version + 1 }
  const done = DONE_BY[type]
  if (done !== undefined) return whenDone(next, type, done)
  const undone = UNDONE_BY[type]
  if (undone !== undefined) return settled({ ...next, undone: [...state.undone, undone] }, undone)
  switch (type) {
    case 'ProcessingBegun':
      return { ...next, status: 'processing' }
    case 'WaitingBegun':
      return { ...next, status: 'waiting' }
    case 'StepParked': {
      const status = state.status === 'completed' ? 'completed' : 'parked'
      return { ...next, status, parked: [...state.parked, stepOf(data)] }
    }
    case 'StepSkipped':
    case 'CompensationSkipped':
      return settled({ ...next, skipped: [...state.skipped, stepOf(data)] }, stepOf(data))
    case 'CompensationBegun':
      return { ...next, status: 'compensating', reason: reasonOf(data), parked: [] }
    case 'OrderRejected':
      return { ...next, status: 'rejected' }
    case 'OrderCancelled':
      return { ...next, status: 'cancelled' }
    default:
      return next
  }
}

/** An order's stream, as the event store folds it. */
export const ORDER: Aggregate<OrderState> = { stateVersion: 1, initial: NOTHING, evolve }

function whenDone(state: OrderState, type: string, step: string): OrderState {
  const done = [...state.done, step]
  const parked = state.parked.filter((name) => name !== step)
  if (type === 'OrderCompleted') return { ...state, done, parked, status: 'completed' }
  const isForward = state.reason === null && ['pending', 'waiting', 'parked'].includes(state.status)
  return { ...state, done, parked, status: isForward ? 'processing' : state.status }
}

/** A parked order goes on compensating with the last of its parked steps. */
function settled(state: OrderState, step: string): OrderState {
  const parked = state.parked.filter((name) => name !== step)
  return {
    ...state,
    parked,
    status: state.status === 'parked' && parked.length === 0 ? 'compensating' : state.status,
  }
}

const stepOf = (data: unknown): string => (data as { step: string }).step

function reasonOf(data: unknown): { code: string; step: string } {
  const { code, step } = data as { code: string; step: string }
  return { code, step }
}
