import { backoffMs, pause } from '../backoff.ts'
import type { EventEnvelope } from './envelope.ts'
import type { EventHandler, OnTrouble, Subscription } from './transport.ts'

export interface Batch {
  events: readonly EventEnvelope[]
  /** @throws when it is not certain that the broker knows: the events may then be handed out again. */
  acknowledge(): Promise<void>
}

/** The oldest events that are not acknowledged. Undefined when there are none, after a while of waiting for some. */
export type NextBatch = (stopping: AbortSignal) => Promise<Batch | undefined>

/**
 * Hands out one batch after the other: none is asked for before the one in hand is acknowledged, and a rejected one is
 * handed out again after a pause, so that nothing overtakes it.
 */
export function deliver(next: NextBatch, handle: EventHandler, onTrouble: OnTrouble): Subscription {
  const stopping = new AbortController()
  const done = deliverUntil(stopping.signal, next, handle, onTrouble)
  return {
    stop() {
      stopping.abort()
      return done
    },
  }
}

async function deliverUntil(
  stopping: AbortSignal,
  next: NextBatch,
  handle: EventHandler,
  onTrouble: OnTrouble,
): Promise<void> {
  let failures = 0
  while (!stopping.aborted) {
    try {
      const batch = await next(stopping)
      if (batch !== undefined && (await handleUntil(stopping, batch.events, handle, onTrouble)))
        await batch.acknowledge()
      failures = 0
    } catch (error) {
      failures += 1
      onTrouble('the broker could not be reached', error)
      await pause(backoffMs(failures), stopping)
    }
  }
}

/** Answers false when it was told to stop before the events were handled. */
async function handleUntil(
  stopping: AbortSignal,
  events: readonly EventEnvelope[],
  handle: EventHandler,
  onTrouble: OnTrouble,
): Promise<boolean> {
  for (let failures = 1; ; failures += 1) {
    try {
      await handle(events)
      return true
    } catch (error) {
      if (stopping.aborted) return false
      onTrouble('a batch of events was rejected', error)
      await pause(backoffMs(failures), stopping)
      if (stopping.aborted) return false
    }
  }
}
