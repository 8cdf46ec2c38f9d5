import type { EventEnvelope } from './envelope.ts'

/** A broker, as the relay and the consumers know it. `test/integration/transports.int.test.ts` is its specification. */
export interface EventTransport {
  /**
   * Stores events durably, in the given order within each subject. Answers those that are stored: once one of a
   * subject is not, none after it of that subject is. An event that is known already is not stored again.
   */
  publish(events: readonly EventEnvelope[]): Promise<readonly EventEnvelope[]>

  /**
   * Hands the events to `handle` batch by batch, in order within each subject; a consumer that is not known yet
   * begins with the oldest event that is kept. A batch is acknowledged when `handle` resolves, and handed out again
   * when it rejects or its process dies: every event at least once, so some twice. One subscriber per consumer.
   */
  subscribe(consumer: string, handle: EventHandler): Promise<Subscription>

  close(): Promise<void>
}

export type EventHandler = (events: readonly EventEnvelope[]) => Promise<void>

export interface Subscription {
  /** Takes no new batch, and resolves when the one in hand is handled. */
  stop(): Promise<void>
}
