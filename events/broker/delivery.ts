import { backoffMs, pause } from '../backoff.ts'
import { sortMessages, type Message } from './message.ts'
import type { OnTrouble, Subscriber, Subscription } from './transport.ts'

/** Messages in a batch at most. */
export const BATCH_MAX = 100

export interface Batch {
  messages: readonly Message[]
  /** @throws when it is not certain that the broker knows: the events may then be handed out again. */
  acknowledge(): Promise<void>
}

/** The oldest messages that are not acknowledged. Undefined when there are none, after a while of waiting for some. */
export type NextBatch = (stopping: AbortSignal) => Promise<Batch | undefined>

/**
 * Hands out one batch after the other: none is asked for before the one in hand is acknowledged, and a rejected one is
 * handed out again after a pause, so that nothing overtakes it.
 */
export function deliver(
  consumers: readonly string[],
  next: NextBatch,
  subscriber: Subscriber,
  onTrouble: OnTrouble,
): Subscription {
  const stopping = new AbortController()
  const done = deliverUntil(stopping.signal, consumers, next, subscriber, onTrouble)
  return {
    stop() {
      stopping.abort()
      return done
    },
  }
}

async function deliverUntil(
  stopping: AbortSignal,
  consumers: readonly string[],
  next: NextBatch,
  subscriber: Subscriber,
  onTrouble: OnTrouble,
): Promise<void> {
  const { restMs = 0 } = subscriber
  let failures = 0
  while (!stopping.aborted) {
    try {
      const batch = await next(stopping)
      if (batch !== undefined && (await takeIn(stopping, consumers, batch, subscriber, onTrouble)))
        await batch.acknowledge()
      failures = 0
      if (batch !== undefined && batch.messages.length < BATCH_MAX && restMs > 0)
        await pause(restMs, stopping)
    } catch (error) {
      failures += 1
      onTrouble('the broker could not be reached', error)
      await pause(backoffMs(failures), stopping)
    }
  }
}

/**
 * What is no event is kept first: once the batch is acknowledged, nothing else knows of it.
 * @returns false when it was stopped before that was done.
 */
async function takeIn(
  stopping: AbortSignal,
  consumers: readonly string[],
  { messages }: Batch,
  { handle, keep }: Subscriber,
  onTrouble: OnTrouble,
): Promise<boolean> {
  const { events, foreign } = sortMessages(messages)
  const until = (what: string, work: () => Promise<void>) => repeat(stopping, work, (e) => onTrouble(what, e))
  if (foreign.length > 0 && !(await until('what is no event could not be kept', () => keep(foreign))))
    return false
  return events.length === 0 || until('a batch of events was rejected', () => handle(events, consumers))
}

/** Answers false when it was stopped before `work` succeeded. */
async function repeat(
  stopping: AbortSignal,
  work: () => Promise<void>,
  onFailure: (error: unknown) => void,
): Promise<boolean> {
  for (let failures = 1; ; failures += 1) {
    try {
      await work()
      return true
    } catch (error) {
      if (stopping.aborted) return false
      onFailure(error)
      await pause(backoffMs(failures), stopping)
      if (stopping.aborted) return false
    }
  }
}
