import type { EventEnvelope } from './envelope.ts'
import type { ForeignMessage } from './message.ts'

/** A broker, as the relay and the consumers know it. `test/integration/transports.int.test.ts` is its specification. */
export interface EventTransport {
  /**
   * Stores events durably, in the given order within each subject. Answers those that are stored: once one of a
   * subject is not, none after it of that subject is. With the broker away that is none of them, within seconds. An
   * event that was stored lately (two minutes, at least) is not stored again.
   */
  publish(events: readonly EventEnvelope[]): Promise<readonly EventEnvelope[]>

  /**
   * Hands the events to `handle` batch by batch, in order within each subject; a consumer that is not known yet
   * begins with the oldest event that is kept. A batch is acknowledged when `handle` resolves, and handed out again
   * when it rejects or its process dies: every event at least once, so some twice. Nothing overtakes it meanwhile.
   * One subscriber per consumer. A message that is no event is given to `keep` and acknowledged with its batch, so
   * that what follows it flows. Consumers that are subscribed together have one subscriber: a broker that can do so
   * reads a batch once for all of them, others hand it out for each.
   */
  subscribe(consumers: string | readonly string[], subscriber: Subscriber): Promise<Subscription>

  /** Stops the subscriptions, and disconnects. */
  close(): Promise<void>
}

/** Called with what went wrong and will be tried again. `what` is a constant text, for the log. */
export type OnTrouble = (what: string, error: unknown) => void

export interface Subscriber {
  handle: BatchHandler
  /** Keeps in sight what is no event. It may be given the same again. */
  keep: (messages: readonly ForeignMessage[]) => Promise<void>
  /**
   * After a batch that was not full, so many milliseconds pass before the next one is asked for: what is published
   * meanwhile comes in one. The first event after a silence does not wait. 0 unless said otherwise.
   */
  restMs?: number
}

/** Takes a batch in for these consumers. */
export type BatchHandler = (events: readonly EventEnvelope[], consumers: readonly string[]) => Promise<void>

/** Takes a batch in for the one consumer that it belongs to. */
export type EventHandler = (events: readonly EventEnvelope[]) => Promise<void>

export interface Subscription {
  /** Takes no new batch, and resolves when the one in hand is handled. */
  stop(): Promise<void>
}
