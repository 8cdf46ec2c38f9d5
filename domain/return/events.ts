import { newerEvent } from '../../faults.ts'
import { RETURN_PARTICIPANTS } from '../participants.ts'
import { allSteps, type EventsOf } from '../saga/step.ts'
import type { OrderLine, RecordEvents as SagaEvents } from '../order/events.ts'

/** The data of the events of a return as a whole, by their type. Each step names its own. */
type RecordEvents = {
  ReturnRequested: {
    orderId: string
    lines: readonly OrderLine[]
    amountMinor: number
    currency: string
    /** RFC 3339. */
    deadlineAt: string
  }
  ReturnApproved: { by: 'rule' | 'operator' }
  ReturnRefused: { by: 'operator' }
  ParcelReceived: Record<string, never>
  ReturnClosed: { code: string; step: string }
  ReturnCancelled: { code: string; step: string }
} & Pick<
  SagaEvents,
  | 'ProcessingBegun'
  | 'WaitingBegun'
  | 'StepParked'
  | 'StepSkipped'
  | 'CancelRequested'
  | 'WorkflowRestarted'
  | 'CompensationBegun'
>

type AllEvents = RecordEvents & EventsOf<typeof RETURN_PARTICIPANTS>

export type ReturnEvent = {
  [Type in keyof AllEvents]: { type: Type; data: AllEvents[Type] }
}[keyof AllEvents]

const RECORD_TYPES: Record<keyof RecordEvents, true> = {
  ReturnRequested: true,
  ReturnApproved: true,
  ReturnRefused: true,
  ParcelReceived: true,
  ReturnClosed: true,
  ReturnCancelled: true,
  ProcessingBegun: true,
  WaitingBegun: true,
  StepParked: true,
  StepSkipped: true,
  CancelRequested: true,
  WorkflowRestarted: true,
  CompensationBegun: true,
}

const STEP_TYPES = new Set(
  allSteps(RETURN_PARTICIPANTS).flatMap(({ events }) => [events.done, ...events.undone]),
)

/**
 * An event of a return's stream, as it was read.
 * @throws Fault NEWER_EVENT for a type that a newer release has added.
 */
export function asReturnEvent({ type, data }: { type: string; data: unknown }): ReturnEvent {
  if (!Object.hasOwn(RECORD_TYPES, type) && !STEP_TYPES.has(type)) throw newerEvent(type)
  return { type, data } as ReturnEvent
}
