import type pg from 'pg'
import { dueLetters, retryDueLetters } from '../events/inbox/dead-letter-retries.ts'
import { pause } from '../events/backoff.ts'
import type { EventTransport } from '../events/broker/transport.ts'
import { standForLeader } from '../events/leader.ts'
import { sqlOf, type Sql } from '../events/store/sql.ts'
import { createReactions, type Reactions } from './reactions.ts'
import {
  createReactors,
  participantsOf,
  reactionsOf,
  reactorName,
  reporting,
  type Outlines,
} from './reactor.ts'
import { startRunner, type RunnerOptions } from './runner.ts'

/** How often dead letters are looked at. */
const TICK_MS = 1000

/** The watchdog's: how often it looks, and at how many orders of each kind. */
const WATCH_EVERY_MS = 500
const WATCHED_MAX = 250

export interface ChoreographyOptions extends Pick<
  RunnerOptions,
  'attempts' | 'policies' | 'slotsOf' | 'perSecondOf' | 'pace' | 'onTrouble'
> {
  /** URL of the database. */
  url: string
  pool: pg.Pool
  transport: EventTransport
  outlines: Outlines
  /** An order that has not moved for so long, and for which nothing is noted, is looked after. */
  orphanAfterSeconds: number
  reach?: (point: string) => void
  /** Called when this process begins to take in events, and when it no longer does. */
  onLeading?: (isLeading: boolean) => void
}

/**
 * Orders without an orchestrator: each participant reacts to the events of the others. Any number of processes may run: one
 * of them takes in the events, and all of them do what was noted, and watch.
 */
export function startChoreography(options: ChoreographyOptions): { stop(): Promise<void> } {
  const { url, pool, onTrouble } = options
  const reactions = createReactions(sqlOf(pool))
  const runner = startRunner({ ...options, reactions })
  const stopping = new AbortController()
  const watching = watchUntil(stopping.signal, reactions, options, runner.look)
  const candidacy = standForLeader({
    url,
    office: 'choreography',
    async lead(session, isOver) {
      options.onLeading?.(true)
      try {
        await reactUntil(isOver, session, options, runner.look)
      } finally {
        options.onLeading?.(false)
      }
    },
    onTrouble,
  })
  return {
    async stop() {
      stopping.abort()
      await Promise.all([candidacy.stop(), runner.stop(), watching])
    },
  }
}

async function reactUntil(
  isOver: AbortSignal,
  session: Sql,
  { pool, transport, outlines, reach, onTrouble }: ChoreographyOptions,
  onReaction: () => void,
): Promise<void> {
  const effects = new Map(
    participantsOf(outlines).map((name) => [
      reactorName(name),
      reporting(reactionsOf(name, outlines), onTrouble),
    ]),
  )
  const consumers = [...effects.keys()]
  const subscription = await transport.subscribe(consumers, {
    handle: createReactors({ pool, outlines, effects, reach, onReaction }),
    // The read models keep what is no event: one dead letter for an operator is enough.
    keep: async () => undefined,
  })
  try {
    while (!isOver.aborted) {
      // The connection that makes this process the leader must not fall silent.
      const due = await dueLetters(session, consumers)
      try {
        await retryDueLetters({ pool, due, resolve: async (_db, consumer) => effects.get(consumer) })
      } catch (error) {
        onTrouble('dead letters could not be looked at', error)
      }
      await pause(TICK_MS, isOver)
    }
  } finally {
    await subscription.stop()
  }
}

/** The clock of choreographed orders: deadlines, cancels, and what was lost. */
async function watchUntil(
  stopping: AbortSignal,
  reactions: Reactions,
  { outlines, orphanAfterSeconds, onTrouble }: ChoreographyOptions,
  onReaction: () => void,
): Promise<void> {
  let from: string | undefined
  while (!stopping.aborted) {
    try {
      const { looked, reached } = await reactions.watch(outlines, orphanAfterSeconds, WATCHED_MAX, from)
      from = reached
      if (looked > 0) onReaction()
    } catch (error) {
      onTrouble('choreographed orders could not be watched', error)
    }
    await pause(WATCH_EVERY_MS, stopping)
  }
}
