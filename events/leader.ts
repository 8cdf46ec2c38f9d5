import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { LEADER_LOCKS, type Office } from '../locks.ts'
import { openSession } from '../postgres.ts'
import { backoffMs, pause } from './backoff.ts'
import type { OnTrouble } from './broker/transport.ts'
import { sqlOf, type Sql } from './store/sql.ts'

const TRY_INTERVAL_MS = 250
/** After a long outage there is much to read, in milliseconds. */
const STATEMENT_TIMEOUT_MS = 5000

/** A candidacy that lasted for so long came to something: the pauses after failures begin anew. */
const LASTING_MS = 10_000

/** Saying goodbye takes no longer than this, in milliseconds. */
const END_TIMEOUT_MS = 5000

/**
 * A leader that is silent for this long has frozen or is cut off: the server then hangs up, and another one leads. It
 * is PostgreSQL 14 or newer that can do so.
 */
const SILENCE_MAX_MS = 10_000

export interface Candidacy {
  /** A URL of PostgreSQL itself: a pooler that shares sessions would share the lock, too. */
  url: string
  /** Candidates for the same office take the same advisory lock, over sessions of its name. */
  office: Office
  /**
   * Called when this candidate has become the leader. Leadership is over when the signal is given or this returns.
   * Work that only a leader may do goes over `session`: the connection that holds the lock, so that who has lost one
   * has lost the other. It must be used at least every few seconds.
   */
  lead: (session: Sql, isOver: AbortSignal) => Promise<void>
  onTrouble: OnTrouble
  silenceMaxMs?: number
  /** Milliseconds to pause after so many failures in a row. */
  pauseAfter?: (failures: number) => number
}

/** Stands for leader, and stands again when it was lost, until it is stopped. At most one of all candidates leads. */
export function standForLeader(candidacy: Candidacy): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const done = standUntil(stopping.signal, candidacy)
  return {
    stop() {
      stopping.abort()
      return done
    },
  }
}

async function standUntil(stopping: AbortSignal, candidacy: Candidacy): Promise<void> {
  const { pauseAfter = backoffMs } = candidacy
  let failures = 0
  while (!stopping.aborted) {
    const stoodAt = performance.now()
    try {
      await serveOneTerm(stopping, candidacy)
    } catch (error) {
      // A server that takes no writes lets one be elected, and ends the connection with the first of them.
      failures = performance.now() - stoodAt < LASTING_MS ? failures + 1 : 1
      candidacy.onTrouble('lost the leader connection; another process may take over', error)
      await pause(pauseAfter(failures), stopping)
    }
  }
}

async function serveOneTerm(
  stopping: AbortSignal,
  { url, office, lead, silenceMaxMs = SILENCE_MAX_MS }: Candidacy,
): Promise<void> {
  const session = openSession(url, {
    name: `ordersaga-${office}`,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    // Also while it does not read what it was answered: the server is not idle then.
    settings: { idle_session_timeout: String(silenceMaxMs), tcp_user_timeout: String(silenceMaxMs) },
  })
  const lost = new AbortController()
  session.on('error', (error) => lost.abort(error))
  session.on('end', () => lost.abort(new Error('the connection has ended')))
  try {
    await session.connect()
    while (!stopping.aborted && !(await isElected(session, office))) await pause(TRY_INTERVAL_MS, stopping)
    if (stopping.aborted) return
    await lead(sqlOf(session), AbortSignal.any([stopping, lost.signal]))
    if (!stopping.aborted) lost.signal.throwIfAborted()
  } finally {
    // A line that is dead would never confirm its end.
    await Promise.race([
      session.end().catch(() => undefined),
      sleep(END_TIMEOUT_MS, undefined, { ref: false }),
    ])
  }
}

async function isElected(session: pg.Client, office: Office): Promise<boolean> {
  const { rows } = await session.query<{ elected: boolean }>('SELECT pg_try_advisory_lock($1) AS elected', [
    LEADER_LOCKS[office],
  ])
  return rows[0]?.elected === true
}
