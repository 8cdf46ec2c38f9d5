import { newerEvent } from '../../faults.ts'
import { ORDER_PARTICIPANTS } from '../participants.ts'
import { allSteps, type EventsOf } from '../saga/step.ts'

export interface OrderLine {
  sku: string
  quantity: number
  unitPriceMinor: number
}

/** The data of the events of an order as a whole, by their type. Each step names its own. */
export interface RecordEvents {
  OrderPlaced: {
    customerId: string
    currency: string
    totalMinor: number
    lines: readonly OrderLine[]
    /** `none` where nothing is shipped. */
    shippingService: string
    giftWrap?: true
    coordination?: 'choreography'
    /** RFC 3339. */
    deadlineAt: string
  }
  ProcessingBegun: { step: string }
  /** `waitingFor` is the class of what the step waits for. */
  WaitingBegun: { step: string; waitingFor?: string }
  StepParked: { step: string; errorClass: string }
  StepSkipped: { step: string; errorClass: string; by: 'saga' | 'operator' | 'unknown' }
  /** `by` is the name of the caller, or `temporal` where the workflow was cancelled. */
  CancelRequested: { by: string }
  /**
   * Its workflow was gone. `found` is what Temporal had of it, e.g. `TERMINATED`; `restart` counts since the saga last
   * moved.
   */
  WorkflowRestarted: { found: string; restart: number }
  /** `undo` are the steps that were begun, and so are owed an undo. */
  CompensationBegun: { code: string; step: string; undo: readonly string[] }
  CompensationDelayed: { step: string; waitingFor: string }
  CompensationSkipped: { step: string; errorClass: string; by: 'operator' }
  OrderRejected: { code: string; step: string }
  OrderCancelled: { code: string; step: string }
}

type StepEvents = EventsOf<typeof ORDER_PARTICIPANTS>

type AsUnion<Events> = { [Type in keyof Events]: { type: Type; data: Events[Type] } }[keyof Events]

export type RecordEvent = AsUnion<RecordEvents>
export type StepEvent = AsUnion<StepEvents>

/** What an order's stream holds. */
export type OrderEvent = RecordEvent | StepEvent

const RECORD_TYPES: Record<RecordEvent['type'], true> = {
  OrderPlaced: true,
  ProcessingBegun: true,
  WaitingBegun: true,
  StepParked: true,
  StepSkipped: true,
  CancelRequested: true,
  WorkflowRestarted: true,
  CompensationBegun: true,
  CompensationDelayed: true,
  CompensationSkipped: true,
  OrderRejected: true,
  OrderCancelled: true,
}

const STEPS = allSteps(ORDER_PARTICIPANTS)

/** The step that each event completes, and the one that each undoes. */
export const DONE_BY: ReadonlyMap<string, string> = new Map(
  STEPS.map(({ name, events }) => [events.done, name]),
)
export const UNDONE_BY: ReadonlyMap<string, string> = new Map(
  STEPS.flatMap(({ name, events }) => events.undone.map((type) => [type, name] as const)),
)

export const isRecordEvent = (event: OrderEvent): event is RecordEvent =>
  Object.hasOwn(RECORD_TYPES, event.type)

/**
 * An event of an order's stream, as it was read.
 * @throws Fault NEWER_EVENT for a type that a newer release has added: what is made of the stream without it may be
 * wrong.
 */
export function asOrderEvent({ type, data }: { type: string; data: unknown }): OrderEvent {
  const isKnown = Object.hasOwn(RECORD_TYPES, type) || DONE_BY.has(type) || UNDONE_BY.has(type)
  if (!isKnown) throw newerEvent(type)
  return { type, data } as OrderEvent
}
