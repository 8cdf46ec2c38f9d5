import type pg from 'pg'
import { Fault, isDatabaseTrouble, isNewerEvent } from '../faults.ts'
import { LOOKS_UP_BY_KEY, openPool } from '../postgres.ts'
import { backoffMs, pause } from '../events/backoff.ts'
import { createConsumer } from '../events/inbox/consumer.ts'
import { sqlOf, type Sql } from '../events/store/sql.ts'
import { keepForeign, NOT_AN_EVENT } from '../events/inbox/foreign-messages.ts'
import { dueLetters, retryDueLetters } from '../events/inbox/dead-letter-retries.ts'
import { moveAppliedMark } from './freshness.ts'
import { standForLeader } from '../events/leader.ts'
import { enterLive, resolveAmong, type Projection } from './projection.ts'
import type { ProjectorMetrics } from './projector-metrics.ts'
import { rebuild } from './rebuild.ts'
import type { EventTransport, OnTrouble, Subscriber, Subscription } from '../events/broker/transport.ts'

const TICK_MS = 1000

/** A batch costs some dozen statements, whatever is in it: it may wait this long for more of them. */
const REST_MS = 100

/** A rebuild counts events and compares generations: its statements may take this long. */
const REBUILD_STATEMENT_TIMEOUT_MS = 120_000
const REBUILD_CONNECTIONS = 2

export interface ProjectorOptions {
  /** URL of the database with the read models. */
  url: string
  /** For the live consumers and the dead letters. */
  pool: pg.Pool
  transport: EventTransport
  projections: readonly Projection[]
  metrics: ProjectorMetrics
  /** Called at `projector:before-commit` and `projector:after-commit`, for kill tests. */
  reach?: (point: string) => void
  onTrouble: OnTrouble
}

/**
 * Applies events to the read models, tries again what was set aside, and rebuilds what is to be rebuilt. Any number of
 * projectors may run: one of them leads, and the others wait for it to fail.
 */
export function startProjector(options: ProjectorOptions): { stop(): Promise<void> } {
  const watched = {
    ...options,
    projections: options.projections.map((one) => reporting(one, options.onTrouble)),
  }
  return standForLeader({
    url: options.url,
    office: 'projector',
    onTrouble: options.onTrouble,
    async lead(session, isOver) {
      options.metrics.isLeader.set(1)
      try {
        await projectUntil(isOver, session, watched)
      } finally {
        options.metrics.isLeader.set(0)
      }
    },
  })
}

/** The dead letter has the class of the error; the log says where it came from, unless the class says it all. */
const reporting = (projection: Projection, onTrouble: OnTrouble): Projection => ({
  ...projection,
  async apply(db, generation, events) {
    try {
      await projection.apply(db, generation, events)
    } catch (error) {
      if (!isDatabaseTrouble(error) && !isNewerEvent(error))
        onTrouble(`${projection.name} could not apply an event`, error)
      throw error
    }
  },
})

async function projectUntil(isOver: AbortSignal, session: Sql, options: ProjectorOptions): Promise<void> {
  const { pool, projections, transport, metrics, reach, onTrouble } = options
  const subscriptions: Subscription[] = []
  const marks = createMarks(pool, projections)
  const ending = new AbortController()
  const rebuilds = rebuildUntil(AbortSignal.any([isOver, ending.signal]), options)
  try {
    for (const projection of projections) {
      const onApplied = (count: number) => {
        metrics.consumed.inc({ consumer: projection.name }, count)
        marks.isMoving = true
      }
      const handle = createConsumer({
        name: projection.name,
        pool,
        enter: enterLive(projection),
        reach: (point) => reach?.(`projector:${point}`),
        onApplied,
      })
      subscriptions.push(
        await transport.subscribe(projection.name, {
          handle,
          keep: keepingForeign(projection.name, options),
          restMs: REST_MS,
        }),
      )
    }
    while (!isOver.aborted) {
      // The connection that makes this process the leader must not fall silent.
      const due = await dueLetters(session, namesOf(projections))
      try {
        await retryDueLetters({ pool, due, resolve: resolveAmong(projections) })
        await marks.move()
      } catch (error) {
        onTrouble('dead letters could not be looked at', error)
      }
      await pause(TICK_MS, isOver)
    }
  } finally {
    ending.abort()
    await Promise.all([...subscriptions.map((subscription) => subscription.stop()), rebuilds])
  }
}

const namesOf = (projections: readonly Projection[]) => projections.map(({ name }) => name)

/** What no read model can read is for an operator to look at: it holds nothing up. */
const keepingForeign =
  (
    consumer: string,
    { pool, metrics, onTrouble }: Pick<ProjectorOptions, 'pool' | 'metrics' | 'onTrouble'>,
  ): Subscriber['keep'] =>
  async (messages) => {
    await keepForeign(sqlOf(pool), consumer, messages)
    metrics.foreign.inc({ consumer }, messages.length)
    onTrouble('messages that are no events were set aside as dead letters', new Fault(NOT_AN_EVENT, consumer))
  }

/** The marks of the read models, which are left alone while nothing is applied. */
function createMarks(pool: pg.Pool, projections: readonly Projection[]) {
  const marks = {
    isMoving: true,
    async move() {
      if (!marks.isMoving) return
      marks.isMoving = false
      let isAtEnd = false
      try {
        const moved: boolean[] = []
        for (const { name } of projections) moved.push(await moveAppliedMark(sqlOf(pool), name))
        isAtEnd = !moved.includes(true)
      } finally {
        marks.isMoving ||= !isAtEnd
      }
    },
  }
  return marks
}

/**
 * Does what is wished, one after the other. A wish stays until it is done, so one that was interrupted is begun again.
 */
async function rebuildUntil(isOver: AbortSignal, options: ProjectorOptions): Promise<void> {
  const { url, projections, onTrouble } = options
  const rebuilding = openPool(url, {
    max: REBUILD_CONNECTIONS,
    name: 'ordersaga-rebuild',
    statementTimeoutMs: REBUILD_STATEMENT_TIMEOUT_MS,
    settings: LOOKS_UP_BY_KEY,
  })
  let failures = 0
  while (!isOver.aborted) {
    try {
      // Not over a session with the patience of a rebuild: a server that falls silent would hold up the next term.
      const wished = await sqlOf(options.pool).query<{ name: string }>(
        'SELECT name FROM projections WHERE rebuild_wished_at IS NOT NULL ORDER BY rebuild_wished_at',
      )
      for (const projection of projections.filter(({ name }) => wished.some((one) => one.name === name))) {
        await rebuild({ pool: rebuilding, projection, stopping: isOver })
      }
      failures = 0
    } catch (error) {
      if (isOver.aborted) break
      failures += 1
      onTrouble('a rebuild failed, and will be begun again', error)
      await pause(backoffMs(failures), isOver)
    }
    await pause(TICK_MS, isOver)
  }
  await rebuilding.end()
}
