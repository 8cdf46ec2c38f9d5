import { sagaNamed, type SagaKind } from '../saga/ids.ts'
import type { StoredEvent } from '../../events/store/event.ts'

export const SAGA_OUTCOMES = ['completed', 'rejected', 'cancelled'] as const
export type SagaOutcome = (typeof SAGA_OUTCOMES)[number]

export interface SagaEnd {
  kind: SagaKind
  sagaId: string
  outcome: SagaOutcome
  /** Why it turned back. */
  code: string | undefined
}

/** The events with which sagas are decided. */
export const ENDS: Readonly<Record<string, SagaOutcome>> = {
  OrderCompleted: 'completed',
  OrderRejected: 'rejected',
  OrderCancelled: 'cancelled',
  TransferCompleted: 'completed',
  TransferRejected: 'rejected',
  TransferCancelled: 'cancelled',
  ReturnReceived: 'completed',
  ReturnClosed: 'rejected',
  ReturnCancelled: 'cancelled',
}

/** What an event decides; undefined for one that decides nothing. */
export function endOf(event: StoredEvent): SagaEnd | undefined {
  const [saga, outcome] = [sagaNamed(event.streamId), ENDS[event.type]]
  if (saga === undefined || outcome === undefined) return undefined
  return { ...saga, outcome, code: outcome === 'completed' ? undefined : codeIn(event.data) }
}

/** The code that the data of an event names. */
export const codeIn = (data: unknown): string | undefined => {
  const { code } = Object(data) as { code?: unknown }
  return typeof code === 'string' ? code : undefined
}
