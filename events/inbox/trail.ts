import { beginSpan } from '../../tracing.ts'
import { typeOf, type EventEnvelope } from '../broker/envelope.ts'
import { isFailure, type Applied } from './effect.ts'

export interface Trail {
  add(consumer: string, envelope: EventEnvelope, startedAt: number, result: Applied): void
  /** Makes the spans: the database transaction has committed. */
  record(): void
}

/**
 * What came of the events of one database transaction, as a span in the trace of each. They are made after the commit, so
 * that what was undone, or is delivered again, leaves none.
 */
export function createTrail(): Trail {
  const taken: {
    consumer: string
    envelope: EventEnvelope
    startedAt: number
    endedAt: number
    result: Applied
  }[] = []
  return {
    add(consumer, envelope, startedAt, result) {
      if (envelope.traceparent === undefined || result === 'ignored') return
      taken.push({ consumer, envelope, startedAt, endedAt: performance.now(), result })
    },
    record() {
      for (const { consumer: name, envelope, startedAt, endedAt, result } of taken) {
        // Without the generation of a read model.
        const [consumer = name] = name.split('#')
        const attributes = { 'ordersaga.consumer': consumer, 'ordersaga.event.id': envelope.id }
        const options = { kind: 'CONSUMER', attributes } as const
        const span = beginSpan(`${consumer} ${typeOf(envelope)}`, options, envelope.traceparent, startedAt)
        span?.end(isFailure(result) ? result.cause : undefined, endedAt)
      }
    },
  }
}
