import { toEvent, type StoredEvent } from '../store/event.ts'

/**
 * How an event travels: a CloudEvent in JSON form (CloudEvents 1.0). `subject` is its stream, within which
 * `streamversion` counts from 1 without gaps, so a consumer knows what it has seen and what is missing.
 */
export interface EventEnvelope {
  readonly specversion: '1.0'
  /** `<stream>/<version>`: the same event has the same id wherever it is met. */
  readonly id: string
  /** `/ordersaga/<kind of stream>`. */
  readonly source: string
  /** `ordersaga.<type of event>`. */
  readonly type: string
  /** The stream, e.g. `order-…`. */
  readonly subject: string
  /** When it was recorded, RFC 3339. */
  readonly time: string
  readonly datacontenttype: 'application/json'
  readonly streamversion: number
  /** The shape of `data`, as it was recorded; see events/store/upcasting.ts. */
  readonly schemaversion: number
  /** The trace that it is part of, where there is one (the CloudEvents extension Distributed Tracing). */
  readonly traceparent?: string | undefined
  readonly data: unknown
}

const TYPE_PREFIX = 'ordersaga.'

export function toEnvelope(event: StoredEvent & { traceParent?: string | null }): EventEnvelope {
  return {
    specversion: '1.0',
    id: `${event.streamId}/${event.version}`,
    source: `/ordersaga/${event.streamId.slice(0, event.streamId.indexOf('-'))}`,
    type: TYPE_PREFIX + event.type,
    subject: event.streamId,
    time: event.recordedAt.toISOString(),
    datacontenttype: 'application/json',
    streamversion: event.version,
    schemaversion: event.schemaVersion,
    ...(typeof event.traceParent === 'string' ? { traceparent: event.traceParent } : {}),
    data: event.data,
  }
}

/** The type of an envelope's event, which can be read also where its shape cannot. */
export const typeOf = ({ type }: EventEnvelope): string => type.slice(TYPE_PREFIX.length)

/**
 * The event of an envelope, in today's shape.
 * @throws Fault NEWER_EVENT for a shape that is newer than this process.
 */
export function fromEnvelope(envelope: EventEnvelope): StoredEvent {
  return toEvent({
    streamId: envelope.subject,
    version: envelope.streamversion,
    type: typeOf(envelope),
    schemaVersion: envelope.schemaversion,
    data: envelope.data,
    recordedAt: new Date(envelope.time),
  })
}
