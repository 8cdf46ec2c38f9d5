import { setTimeout as sleep } from 'node:timers/promises'
import { openSession } from '../../postgres.ts'
import { backoffMs, pause } from '../backoff.ts'
import type { OnTrouble } from './transport.ts'

/** Named like the table: the embedded broker notifies it of each batch that it has stored. */
export const CHANNEL = 'broker_messages'

/** A notification may be lost with its connection. Without one, subscribers look this often. */
const POLL_MS = 2000

/** A connection that does not answer this often has fallen silent, and is made anew. */
const PING_MS = 5000

/** Saying goodbye takes no longer than this, in milliseconds. */
const END_TIMEOUT_MS = 5000

/** Knows when there may be something new at the embedded broker. */
export interface Listener {
  /** How many times there was news. To be asked before a look, and given to `wait` when that has found nothing. */
  heard(): number
  /** Resolves with the next news, which may have come already; else after two seconds, or with the signal. */
  wait(heard: number, stopping: AbortSignal): Promise<void>
  stop(): Promise<void>
}

/** Listens for all subscribers of a process, over one connection. One that is lost is made anew. */
export function createListener(url: string, onTrouble: OnTrouble): Listener {
  const stopping = new AbortController()
  const waiting = new Set<() => void>()
  let count = 0
  const ring = () => {
    count += 1
    for (const wake of waiting) wake()
  }
  const done = listenUntil(stopping.signal, url, ring, onTrouble)
  return {
    heard: () => count,
    async wait(heard, signal) {
      if (heard !== count || signal.aborted) return
      const woken = new AbortController()
      const wake = () => woken.abort()
      waiting.add(wake)
      signal.addEventListener('abort', wake)
      await pause(POLL_MS, woken.signal)
      signal.removeEventListener('abort', wake)
      waiting.delete(wake)
    },
    stop() {
      stopping.abort()
      return done
    },
  }
}

async function listenUntil(
  stopping: AbortSignal,
  url: string,
  ring: () => void,
  onTrouble: OnTrouble,
): Promise<void> {
  let failures = 0
  while (!stopping.aborted) {
    try {
      await listenOnce(stopping, url, () => {
        failures = 0
        ring()
      })
    } catch (error) {
      failures += 1
      onTrouble('the broker is polled while it cannot be listened to', error)
      await pause(backoffMs(failures), stopping)
    }
  }
}

/** @throws when the connection could not be had, or is lost. */
async function listenOnce(stopping: AbortSignal, url: string, ring: () => void): Promise<void> {
  const session = openSession(url, { name: 'ordersaga-listener' })
  const over = new AbortController()
  const hangUp = () => over.abort()
  let lost: Error | undefined
  const lose = (error: Error) => {
    lost ??= error
    hangUp()
  }
  session.on('error', lose)
  session.on('end', () => lose(new Error('the connection has ended')))
  session.on('notification', ring)
  stopping.addEventListener('abort', hangUp)
  try {
    await session.connect()
    await session.query(`LISTEN ${CHANNEL}`)
    // Something may have been stored before it listened.
    ring()
    while (!over.signal.aborted) {
      await pause(PING_MS, over.signal)
      if (!over.signal.aborted) await session.query('SELECT')
    }
    if (lost !== undefined) throw lost
  } finally {
    stopping.removeEventListener('abort', hangUp)
    // A line that is dead would never confirm its end.
    await Promise.race([
      session.end().catch(() => undefined),
      sleep(END_TIMEOUT_MS, undefined, { ref: false }),
    ])
  }
}
